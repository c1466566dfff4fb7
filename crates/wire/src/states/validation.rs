//! ValidateStateMachineDefinition: what is wrong with a definition, without creating anything.
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html>

use rampmeter_asl::{Diagnostic, Severity, StateMachine};
use rampmeter_engine::MachineKind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::constraint::Constraints;
use super::machine::{MAX_DEFINITION_BYTES, kind};
use crate::operation::{Call, aside};
use crate::protocol::error::WireError;
use crate::protocol::json::parameters;

/// Diagnostics in one response when the client does not say, and the most it may ask for.
const MAX_DIAGNOSTICS: i64 = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Validate {
    definition: Option<String>,
    r#type: Option<String>,
    severity: Option<String>,
    max_results: Option<i64>,
}

pub(crate) async fn validate(call: Call) -> Result<Value, WireError> {
    let validate: Validate = parameters(&call.body)?;
    let mut constraints = Constraints::new();
    let definition = validate.definition.as_deref();
    constraints.required_secret("definition", definition, 1..=MAX_DEFINITION_BYTES);
    let severity = validate.severity.as_deref();
    constraints.one_of("severity", severity, &["ERROR", "WARNING"]);
    constraints.at_least("maxResults", validate.max_results, 0);
    constraints.at_most("maxResults", validate.max_results, MAX_DIAGNOSTICS);
    constraints.check()?;
    let kind = kind(validate.r#type.as_deref())?;
    let with_warnings = severity == Some("WARNING");
    let definition = validate.definition.unwrap_or_default();
    let found = aside(move || diagnostics(&definition, kind, with_warnings)).await?;
    let most = match validate.max_results {
        None | Some(0) => MAX_DIAGNOSTICS,
        Some(most) => most,
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let failed = found
        .iter()
        .any(|problem| problem.severity == Severity::Error);
    Ok(json!({
        "result": if failed { "FAIL" } else { "OK" },
        "diagnostics": found.iter().take(most).map(to_json).collect::<Vec<_>>(),
        "truncated": found.len() > most,
    }))
}

fn diagnostics(definition: &str, kind: MachineKind, with_warnings: bool) -> Vec<Diagnostic> {
    let machine = match StateMachine::parse(definition) {
        Ok(machine) => machine,
        Err(problems) => return problems,
    };
    let mut found = match kind {
        MachineKind::Express => machine.express_faults(),
        MachineKind::Standard => Vec::new(),
    };
    if with_warnings {
        found.extend(machine.warnings());
    }
    found
}

fn to_json(problem: &Diagnostic) -> Value {
    let mut told = json!({
        "severity": match problem.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
        },
        "code": problem.code,
        "message": problem.message,
    });
    if !problem.location.is_empty() {
        told["location"] = json!(problem.location);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_definition_has_no_diagnostics() {
        let sound = r#"{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}"#;
        assert!(diagnostics(sound, MachineKind::Express, true).is_empty());
    }

    #[test]
    fn what_is_missing_is_named_with_its_place() {
        let found = diagnostics("{}", MachineKind::Standard, false);
        let told: Vec<Value> = found.iter().map(to_json).collect();
        assert_eq!(told[0]["code"], "SCHEMA_VALIDATION_FAILED");
        assert_eq!(told[0]["severity"], "ERROR");
        assert_eq!(told[0]["location"], "/");
    }

    #[test]
    fn a_callback_is_a_fault_in_an_express_state_machine_only() {
        let callback = r#"{"StartAt":"A","States":{"A":{"Type":"Task","End":true,
            "Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters":{"QueueUrl":"q","MessageBody":{"t.$":"$$.Task.Token"}}}}}"#;
        assert!(diagnostics(callback, MachineKind::Standard, false).is_empty());
        let found = diagnostics(callback, MachineKind::Express, false);
        assert_eq!(found[0].location, "/States/A/Resource");
    }
}
