//! Runs a definition for a while, answering its tasks and firing its timers as the input says.

use rampmeter_asl::{StateMachine, Status, Stimulus};
use serde_json::{Value, json};

use crate::host::Host;

/// Moves of one run. A longer run would show nothing new.
const MOVES: usize = 40;

/// Parses the definition and, if it is sound, runs it. Returns whether it was.
pub(crate) fn definition(definition: &Value, input: &Value, choices: &[u8]) -> bool {
    let Ok(machine) = StateMachine::parse(&definition.to_string()) else {
        return false;
    };
    let _ = (
        machine.unserved(),
        machine.warnings(),
        machine.express_faults(),
    );
    let mut host = Host::started(definition, input);
    for index in 0..MOVES {
        let choice = choices
            .get(index % choices.len().max(1))
            .copied()
            .unwrap_or(0);
        match host.status {
            Status::Ended(_) => return true,
            Status::Yielded => {
                let _ = host.send(Stimulus::Continue);
            }
            Status::Waiting => {
                if !step(&mut host, choice) {
                    return true;
                }
            }
        }
    }
    true
}

/// One task result or timer; false if the execution waits for nothing that can be supplied.
fn step(host: &mut Host, choice: u8) -> bool {
    let Some(task) = host.tasks.last() else {
        if host.timers.is_empty() {
            return false;
        }
        host.fire();
        return true;
    };
    let event = task.event;
    match choice % 5 {
        0 => {
            let output = rampmeter_asl::Payload::from_value(json!({"MessageId": "m"}));
            let _ = host.send(Stimulus::Submitted { event, output });
        }
        1 | 2 => {
            let _ = host.succeed(json!({"choice": choice}));
        }
        3 => {
            let _ = host.fail("Oops", "because");
        }
        _ if !host.timers.is_empty() => {
            host.fire();
        }
        _ => {
            let _ = host.fail("States.Timeout", "");
        }
    }
    true
}
