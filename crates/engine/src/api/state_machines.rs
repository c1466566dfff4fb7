//! State machines on the engine's handle.

use rampmeter_store::Reader;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::state_machine::{
    CreateStateMachine, CreatedStateMachine, StateMachineDescription, UpdateStateMachine,
    UpdatedStateMachine,
};

use crate::api::Engine;
use crate::command::Command;

/// State machines, their versions, aliases and tags.
#[derive(Debug, Clone, Copy)]
pub struct StateMachines<'e> {
    pub(super) engine: &'e Engine,
}

impl Engine {
    /// State machines, their versions, aliases and tags.
    #[must_use]
    pub fn state_machines(&self) -> StateMachines<'_> {
        StateMachines { engine: self }
    }
}

impl StateMachines<'_> {
    /// CreateStateMachine. A definition with states that this host cannot run is accepted, as on AWS: an execution
    /// fails at the state that is not served.
    ///
    /// # Errors
    /// `InvalidName`, `InvalidDefinition`, `StateMachineAlreadyExists`, `Stopped`.
    pub async fn create_state_machine(
        self,
        create: CreateStateMachine,
    ) -> Result<CreatedStateMachine, Rejected> {
        self.engine
            .ask(|reply| Command::CreateStateMachine(create, reply))
            .await
    }

    /// UpdateStateMachine: for executions that start from now on.
    ///
    /// # Errors
    /// `InvalidArn`, `InvalidDefinition`, `StateMachineDoesNotExist`, `Stopped`.
    pub async fn update_state_machine(
        self,
        update: UpdateStateMachine,
    ) -> Result<UpdatedStateMachine, Rejected> {
        self.engine
            .ask(|reply| Command::UpdateStateMachine(update, reply))
            .await
    }

    /// DeleteStateMachine. Running executions go on.
    ///
    /// # Errors
    /// `InvalidArn`, `Stopped`.
    pub async fn delete_state_machine(self, arn: &str) -> Result<(), Rejected> {
        let arn = arn.to_owned();
        self.engine
            .ask(|reply| Command::DeleteStateMachine(arn, reply))
            .await
    }

    /// DescribeStateMachine.
    ///
    /// # Errors
    /// `InvalidArn`, `StateMachineDoesNotExist`, `Stopped`.
    pub async fn describe_state_machine(
        self,
        arn: &str,
    ) -> Result<StateMachineDescription, Rejected> {
        let arn = arn.to_owned();
        self.engine
            .read(move |reader| reader.describe_state_machine(&arn))
            .await
    }

    /// DescribeStateMachineForExecution.
    ///
    /// # Errors
    /// `InvalidArn`, `ExecutionDoesNotExist`, `Stopped`.
    pub async fn state_machine_of(
        self,
        execution_arn: &str,
    ) -> Result<StateMachineDescription, Rejected> {
        let arn = execution_arn.to_owned();
        self.engine
            .read(move |reader| reader.state_machine_of(&arn))
            .await
    }

    /// The state machines, by name.
    ///
    /// # Errors
    /// `Stopped`.
    pub async fn list_state_machines(self) -> Result<Vec<StateMachineDescription>, Rejected> {
        self.engine.read(Reader::state_machines).await
    }
}
