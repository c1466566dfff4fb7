//! Each row of the table, checked with a sound object of each owner that has one more field.

use serde_json::{Map, Value, json};

use super::form::Form;
use super::table::{FIELDS, Row};
use super::{Owner, of_other_language};
use crate::model::machine::{QueryLanguage, StateMachine};
use crate::model::state_kind::StateKind;

const LANGUAGES: [QueryLanguage; 2] = [QueryLanguage::JsonPath, QueryLanguage::Jsonata];

/// The least that an owner has.
fn sound(owner: Owner, language: QueryLanguage) -> Value {
    let is_json_path = language == QueryLanguage::JsonPath;
    let graph = json!({"StartAt": "I", "States": {"I": {"Type": "Succeed"}}});
    match owner {
        Owner::Machine => json!({}),
        Owner::Branch | Owner::Processor => graph,
        Owner::ProcessorConfig => json!({"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}),
        Owner::State(StateKind::Task) => {
            json!({"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true})
        }
        Owner::State(StateKind::Pass) => json!({"Type": "Pass", "End": true}),
        Owner::State(StateKind::Wait) => json!({"Type": "Wait", "Seconds": 1, "End": true}),
        Owner::State(StateKind::Succeed) => json!({"Type": "Succeed"}),
        Owner::State(StateKind::Fail) => json!({"Type": "Fail"}),
        Owner::State(StateKind::Choice) => {
            json!({"Type": "Choice", "Choices": [sound(Owner::Rule, language)]})
        }
        Owner::State(StateKind::Parallel) => {
            json!({"Type": "Parallel", "Branches": [graph], "End": true})
        }
        Owner::State(StateKind::Map) => json!({"Type": "Map", "ItemProcessor": graph, "End": true}),
        Owner::Retrier => json!({"ErrorEquals": ["E"]}),
        Owner::Catcher => json!({"ErrorEquals": ["E"], "Next": "D"}),
        Owner::Rule if is_json_path => json!({"Variable": "$.a", "IsNull": true, "Next": "D"}),
        Owner::Rule => json!({"Condition": true, "Next": "D"}),
        Owner::InnerRule => json!({"Variable": "$.a", "IsNull": true}),
        Owner::Reader => json!({"Resource": "arn:aws:states:::s3:getObject"}),
        Owner::Writer => json!({"Resource": "arn:aws:states:::s3:putObject"}),
        Owner::Batcher => json!({"MaxItemsPerBatch": 1}),
        Owner::ReaderConfig | Owner::WriterConfig => json!({}),
    }
}

/// A machine with this object as the owner, and where it is.
fn around(owner: Owner, object: &Value, language: QueryLanguage) -> (Value, &'static str) {
    let kind = match owner {
        Owner::State(kind) => kind,
        Owner::Branch => StateKind::Parallel,
        Owner::Retrier | Owner::Catcher => StateKind::Task,
        Owner::Rule | Owner::InnerRule => StateKind::Choice,
        _ => StateKind::Map,
    };
    let mut state = sound(Owner::State(kind), language);
    let place = match owner {
        Owner::Machine => "",
        Owner::State(_) => {
            state = object.clone();
            ""
        }
        Owner::Branch => {
            state["Branches"][0] = object.clone();
            "/Branches[0]"
        }
        Owner::Processor => {
            state["ItemProcessor"] = object.clone();
            "/ItemProcessor"
        }
        Owner::Retrier => {
            state["Retry"] = json!([object]);
            "/Retry[0]"
        }
        Owner::Catcher => {
            state["Catch"] = json!([object]);
            "/Catch[0]"
        }
        Owner::Rule => {
            state["Choices"] = json!([object]);
            "/Choices[0]"
        }
        Owner::InnerRule => {
            state["Choices"] = json!([{"Not": object, "Next": "D"}]);
            "/Choices[0]/Not"
        }
        _ => {
            state["ItemProcessor"]["ProcessorConfig"] = sound(Owner::ProcessorConfig, language);
            match owner {
                Owner::ProcessorConfig => {
                    state["ItemProcessor"]["ProcessorConfig"] = object.clone();
                    "/ItemProcessor/ProcessorConfig"
                }
                Owner::Reader => {
                    state["ItemReader"] = object.clone();
                    "/ItemReader"
                }
                Owner::Writer => {
                    state["ResultWriter"] = object.clone();
                    "/ResultWriter"
                }
                Owner::Batcher => {
                    state["ItemBatcher"] = object.clone();
                    "/ItemBatcher"
                }
                Owner::ReaderConfig => {
                    state["ItemReader"] = sound(Owner::Reader, language);
                    state["ItemReader"]["ReaderConfig"] = object.clone();
                    "/ItemReader/ReaderConfig"
                }
                _ => {
                    state["ResultWriter"] = json!({"WriterConfig": object});
                    "/ResultWriter/WriterConfig"
                }
            }
        }
    };
    let mut machine = json!({"StartAt": "A", "States": {"A": state, "D": {"Type": "Succeed"}}});
    if language == QueryLanguage::Jsonata {
        machine["QueryLanguage"] = json!("JSONata");
    }
    if owner == Owner::Machine {
        let own = object.as_object().cloned().unwrap_or_default();
        machine.as_object_mut().expect("a machine").extend(own);
    }
    (machine, place)
}

fn with(owner: Owner, language: QueryLanguage, name: &str, value: &Value) -> Value {
    let mut object = sound(owner, language);
    object[name] = value.clone();
    object
}

/// Faults without those that say that nothing leads to the state D.
fn faults(machine: &Value) -> Vec<String> {
    let faults = StateMachine::parse(&machine.to_string()).err();
    let told = faults.unwrap_or_default().into_iter();
    told.map(|fault| fault.to_string())
        .filter(|fault| !fault.contains("is not reachable"))
        .collect()
}

/// What a form does not hold.
fn wrong(form: Form, language: QueryLanguage) -> Vec<Value> {
    let mut wrong = match form {
        Form::Any => return Vec::new(),
        Form::Text => vec![json!(5), json!(["a"])],
        Form::Words(_) | Form::WordsOrQuery(_) => vec![json!("NONE_SUCH"), json!(true)],
        Form::Label(most) => vec![
            json!("a b"),
            json!(""),
            json!("x".repeat(most + 1)),
            json!(1),
        ],
        Form::Texts => vec![json!([]), json!("E"), json!([1])],
        Form::Boolean | Form::BooleanOrQuery => vec![json!("true"), json!(0)],
        Form::Whole(least, most) | Form::WholeOrQuery(least, most) => {
            let below = i64::try_from(least).expect("a small number") - 1;
            vec![
                json!(below),
                json!(most + 1),
                json!(1.5),
                json!("1"),
                json!({}),
            ]
        }
        Form::Number => vec![json!("1")],
        Form::Rate => vec![json!(0.9), json!("2")],
        Form::PercentageOrQuery => vec![json!(-0.1), json!(100.1), json!("5")],
        Form::Timestamp | Form::TimestampOrQuery => vec![json!("tomorrow"), json!(5)],
        Form::Object => vec![json!([]), json!("x")],
        Form::ObjectOrQuery => vec![json!([]), json!("x"), json!(1)],
        Form::ItemsOrQuery => vec![json!("x"), json!(1)],
        Form::ArrayOrQuery => vec![json!({}), json!("x"), json!(1)],
        Form::Objects(least) if least > 0 => vec![json!([]), json!({}), json!([1])],
        Form::Objects(_) => vec![json!({}), json!(["x"])],
        Form::Path | Form::PathOrNull => vec![json!("a"), json!(1), json!("$.a b")],
        Form::DefinitePath | Form::ResultPath => vec![json!("a"), json!("$.a[*]"), json!(1)],
        Form::Expression => vec![json!("a"), json!(1), json!("States.None()")],
    };
    if language == QueryLanguage::JsonPath && !matches!(form, Form::Text | Form::Label(_)) {
        wrong.push(json!("{% 1 %}"));
    }
    wrong
}

/// Fields for which the test is meaningless, or that are alternatives to what a sound object already has.
fn is_left_out(owner: Owner, row: &Row) -> bool {
    let of_its_own = ["Type", "StartAt", "States", "QueryLanguage", "Mode"];
    of_its_own.contains(&row.name)
        || (owner == Owner::Rule || owner == Owner::InnerRule)
            && ["And", "Or", "Not"].contains(&row.name)
        || owner == Owner::State(StateKind::Map) && row.name == "Iterator"
}

#[test]
fn a_value_of_the_wrong_form_is_a_fault_at_its_field() {
    for row in FIELDS {
        for &owner in row.owners.iter().filter(|&&owner| !is_left_out(owner, row)) {
            for language in LANGUAGES {
                if !row.language.includes(language)
                    || owner == Owner::InnerRule && language == QueryLanguage::Jsonata
                {
                    continue;
                }
                for value in wrong(row.form, language) {
                    let object = with(owner, language, row.name, &value);
                    let (machine, place) = around(owner, &object, language);
                    let place = if owner == Owner::Machine {
                        format!(" at /{}", row.name)
                    } else {
                        format!(" at /States/A{place}/{}", row.name)
                    };
                    let found = faults(&machine);
                    let is_named = |fault: &String| {
                        fault.ends_with(&place) || fault.ends_with(&format!("{place}[0]"))
                    };
                    assert!(
                        found.iter().any(is_named),
                        "{owner:?} {} {value}: {found:?}",
                        row.name
                    );
                }
            }
        }
    }
}

#[test]
fn a_field_of_the_other_language_is_named_as_such() {
    for row in FIELDS {
        for &owner in row.owners {
            for language in LANGUAGES {
                let elsewhere = FIELDS.iter().any(|other| {
                    other.name == row.name
                        && other.owners.contains(&owner)
                        && other.language.includes(language)
                });
                if elsewhere || owner == Owner::InnerRule || owner == Owner::Machine {
                    continue;
                }
                let object = with(owner, language, row.name, &json!("x"));
                let (machine, place) = around(owner, &object, language);
                let fault = format!(
                    "SCHEMA_VALIDATION_FAILED: {} at /States/A{place}/{}",
                    of_other_language(row.name, language),
                    row.name
                );
                assert!(faults(&machine).contains(&fault), "{owner:?} {}", row.name);
            }
        }
    }
}

#[test]
fn a_field_that_nobody_has_is_not_supported_and_a_sound_object_is_sound() {
    let owners: Vec<Owner> = FIELDS.iter().flat_map(|row| row.owners).copied().collect();
    for owner in owners {
        for language in LANGUAGES {
            if owner == Owner::InnerRule && language == QueryLanguage::Jsonata {
                continue;
            }
            let (machine, _) = around(owner, &sound(owner, language), language);
            assert_eq!(
                faults(&machine),
                Vec::<String>::new(),
                "{owner:?} {language:?}"
            );
            let object = with(owner, language, "Nonsense", &json!(1));
            let (machine, place) = around(owner, &object, language);
            let place = match owner {
                Owner::Machine => "/".to_owned(),
                _ => format!("/States/A{place}"),
            };
            let fault =
                format!("SCHEMA_VALIDATION_FAILED: Field 'Nonsense' is not supported at {place}");
            assert_eq!(faults(&machine), [fault], "{owner:?}");
        }
    }
}

#[test]
fn required_fields_are_missed_where_they_are_missing() {
    for (owners, names) in super::table::REQUIRED {
        for &owner in owners.iter().filter(|&&owner| owner != Owner::Machine) {
            for name in *names {
                let mut object = sound(owner, QueryLanguage::JsonPath);
                let fields: &mut Map<String, Value> = object.as_object_mut().expect("an object");
                fields.remove(*name);
                let (machine, place) = around(owner, &object, QueryLanguage::JsonPath);
                let fault = format!(
                    "SCHEMA_VALIDATION_FAILED: These fields are required: [{name}] at /States/A{place}"
                );
                assert!(faults(&machine).contains(&fault), "{owner:?} {name}");
            }
        }
    }
}
