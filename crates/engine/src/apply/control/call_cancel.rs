//! A person cancels a call. One that waits is never made. For one in flight nobody can know whether the vendor has done
//! it, so its slots stay taken until its answer arrives or its hold is over.

use rampmeter_call::cause::{Failure, cause};
use rampmeter_call::{CANCELLED, OUTCOME_UNKNOWN};
use rampmeter_dispatch::PermitId;
use rampmeter_store::model::control::Cancelled;
use rampmeter_store::model::id::{MessageNumber, TargetId};
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::{MessageRow, TransactionError};

use crate::apply::control::context::ControlContext;
use crate::apply::subject::Subject;

impl ControlContext<'_> {
    /// Cancels a call: its task fails.
    pub(crate) fn cancel_call(
        &mut self,
        call: i64,
        reason: &str,
    ) -> Result<Cancelled, TransactionError> {
        let number = MessageNumber(call);
        let unknown = || Rejected::Unknown(format!("there is no call c-{call} that has not ended"));
        let calls = &mut self.workflow.calls;
        let Some(message) = calls.store.messages.message(number)? else {
            return Err(unknown().into());
        };
        let queue = calls.queue.memory.queues.get(message.queue);
        let Some((target, lane)) = queue.and_then(|queue| Some((queue.target, queue.lane?))) else {
            return Err(unknown().into());
        };
        if calls.lanes().is_job(target, number)? {
            let what = format!("the vendor has accepted call c-{call} and works on it");
            return Err(Rejected::Impossible(what).into());
        }
        let permit = calls.target(target).in_flight.permit_of(number);
        match permit {
            Some(permit) => self.cancel_in_flight(target, permit, &message, reason)?,
            None => {
                calls.lanes().withdraw(target, lane, &message)?;
                let why = format!("a person cancelled it before it left{}", because(reason));
                self.fail_cancelled(target, &message, CANCELLED, &why)?;
            }
        }
        let name = self.workflow.calls.target(target).config.name.clone();
        let change = match permit {
            Some(_) => "cancelled in flight",
            None => "cancelled",
        };
        self.record_control(&name, "cancel", &format!("c-{call}"), change, reason)?;
        Ok(Cancelled {
            was_in_flight: permit.is_some(),
        })
    }

    fn cancel_in_flight(
        &mut self,
        target: TargetId,
        permit: PermitId,
        message: &MessageRow,
        reason: &str,
    ) -> Result<(), TransactionError> {
        let now = self.now();
        let calls = &mut self.workflow.calls;
        let at_work_until = calls.target(target).in_flight_until(permit, now);
        if !calls.target(target).in_flight.cancel(permit) {
            let what = format!("call c-{} is cancelled already", message.id.0);
            return Err(Rejected::Impossible(what).into());
        }
        let why = format!(
            "a person cancelled it in flight, and the vendor may have done it{}",
            because(reason)
        );
        let mut message = message.clone();
        message.lost_until = message.lost_until.max(at_work_until);
        calls.store.messages.update_counters(&message)?;
        self.fail_cancelled(target, &message, OUTCOME_UNKNOWN, &why)
    }

    fn fail_cancelled(
        &mut self,
        target: TargetId,
        message: &MessageRow,
        error: &str,
        why: &str,
    ) -> Result<(), TransactionError> {
        let told = cause(&Failure {
            answer: None,
            vendor_code: None,
            reason: Some(why),
            attempts: message.attempts,
        });
        let calls = &mut self.workflow.calls;
        Ok(calls.fail_call(target, message, error, &told, None)?)
    }
}

/// `: they sent it twice`, or nothing.
fn because(reason: &str) -> String {
    match reason {
        "" => String::new(),
        reason => format!(": {reason}"),
    }
}
