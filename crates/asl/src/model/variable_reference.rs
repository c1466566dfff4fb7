//! Which variables each state of a definition refers to, as `DescribeStateMachine` lists them under
//! `variableReferences`. A variable that a state assigns is not a reference; those from which it
//! computes the value are.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::model::choice::{Condition, Operand, Test};
use crate::model::machine::{
    Amount, AnyTemplate, Body, Duration, Flow, Items, Leaving, MapBody, Selection, State,
    StateMachine, Until, Words,
};
use rampmeter_expression::Template;
use rampmeter_expression::jsonata::{self, Query};
use rampmeter_expression::path::{Path, Root};

impl StateMachine {
    /// The variables that each state refers to, by the name of the state, at any depth. A state that
    /// refers to none is left out.
    #[must_use]
    pub fn variable_references(&self) -> BTreeMap<&str, BTreeSet<String>> {
        let states = self.graph.states.iter().chain(&self.inner);
        states
            .map(|(name, state)| (name.as_str(), of_state(state)))
            .filter(|(_, names)| !names.is_empty())
            .collect()
    }
}

/// The names found so far.
#[derive(Default)]
struct Names(RefCell<BTreeSet<String>>);

impl Names {
    fn path(&self, path: &Path) {
        if let Root::Variable(name) = path.root() {
            self.0.borrow_mut().insert(name.clone());
        }
    }

    fn template(&self, template: Option<&Template>) {
        if let Some(template) = template {
            template.has_path(&|path| {
                self.path(path);
                false
            });
        }
    }

    fn query(&self, query: &Query) {
        let free = query.program.free_variables().map(str::to_owned);
        self.0.borrow_mut().extend(free);
    }

    fn jsonata(&self, template: Option<&jsonata::Template>) {
        if let Some(template) = template {
            template.each_query(&mut |query| self.query(query));
        }
    }

    fn leaving(&self, leaving: &Leaving) {
        self.jsonata(leaving.output.as_ref());
        self.jsonata(leaving.assign.as_ref());
    }

    fn any_template(&self, template: Option<&AnyTemplate>) {
        match template {
            Some(AnyTemplate::JsonPath(template)) => self.template(Some(template)),
            Some(AnyTemplate::Jsonata(template)) => self.jsonata(Some(template)),
            None => {}
        }
    }

    fn selection(&self, selection: &Selection) {
        if let Selection::Path(path) = selection {
            self.path(path);
        }
    }

    fn duration(&self, duration: &Duration) {
        match duration {
            Duration::Path(_, path) => self.path(path),
            Duration::Query(query) => self.query(query),
            Duration::None | Duration::Seconds(_) => {}
        }
    }

    fn amount(&self, amount: &Amount) {
        match amount {
            Amount::Path(_, path) => self.path(path),
            Amount::Query(query) => self.query(query),
            Amount::None | Amount::Number(_) => {}
        }
    }

    fn map(&self, map: &MapBody) {
        match &map.items {
            Items::Path(items) => self.path(items),
            Items::Query(items) => self.jsonata(Some(items)),
            Items::Input => {}
        }
        self.any_template(map.item_selector.as_ref());
        for amount in [
            &map.max_concurrency,
            &map.tolerated_count,
            &map.tolerated_percentage,
        ] {
            self.amount(amount);
        }
        let Some(distributed) = &map.distributed else {
            return;
        };
        for file in &distributed.files {
            self.any_template(file.location.as_ref());
            self.any_template(file.config.as_ref());
            if let Some(path) = &file.max_items {
                self.path(path);
            }
        }
        if let Some(batcher) = &distributed.batcher {
            self.amount(&batcher.max_items);
            self.amount(&batcher.max_bytes);
            self.any_template(batcher.batch_input.as_ref());
        }
    }

    fn words(&self, words: &Words) {
        if let Words::Query(query) = words {
            self.query(query);
        }
        if let Words::Expression(_, expression) = words {
            expression.has_path(&|path| {
                self.path(path);
                false
            });
        }
    }

    fn condition(&self, condition: &Condition) {
        match condition {
            Condition::And(parts) | Condition::Or(parts) => {
                parts.iter().for_each(|part| self.condition(part));
            }
            Condition::Not(part) => self.condition(part),
            Condition::Test { variable, test } => {
                self.path(variable);
                self.test(test);
            }
        }
    }

    fn test(&self, test: &Test) {
        match test {
            Test::Text(_, Operand::Path(path))
            | Test::Number(_, Operand::Path(path))
            | Test::Time(_, Operand::Path(path))
            | Test::Boolean(Operand::Path(path)) => self.path(path),
            _ => {}
        }
    }
}

fn of_state(state: &State) -> BTreeSet<String> {
    let names = Names::default();
    match &state.flow {
        Flow::JsonPath(flow) => {
            names.selection(&flow.input_path);
            names.selection(&flow.output_path);
            for template in [&flow.parameters, &flow.result_selector, &flow.assign] {
                names.template(template.as_ref());
            }
        }
        Flow::Jsonata(flow) => {
            names.jsonata(flow.arguments.as_ref());
            names.leaving(&flow.leaving);
        }
    }
    match &state.body {
        Body::Task(task) => {
            names.any_template(task.credentials.as_ref());
            names.duration(&task.timeout);
            names.duration(&task.heartbeat);
        }
        Body::Choice { rules, .. } => {
            for rule in rules {
                names.condition(&rule.condition);
                names.template(rule.assign.as_ref());
            }
        }
        Body::Wait { until, .. } => match until {
            Until::SecondsPath(path) | Until::TimestampPath(path) => names.path(path),
            Until::SecondsQuery(query) | Until::TimestampQuery(query) => names.query(query),
            Until::Seconds(_) | Until::Timestamp(_) => {}
        },
        Body::Fail { error, cause } => {
            names.words(error);
            names.words(cause);
        }
        Body::Map(map) => names.map(map),
        Body::QueryChoice { rules, .. } => {
            for rule in rules {
                names.jsonata(Some(&rule.condition));
                names.leaving(&rule.leaving);
            }
        }
        Body::Pass { .. } | Body::Succeed | Body::Parallel(_) => {}
    }
    for catcher in &state.catch {
        names.template(catcher.assign.as_ref());
        names.leaving(&catcher.leaving);
    }
    names.0.into_inner()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_refers_to_what_its_expressions_read_and_not_to_what_it_assigns() {
        let definition = json!({ "StartAt": "A", "States": {
            "A": { "Type": "Pass", "Assign": { "x": 1, "y.$": "$z.a" }, "Next": "B" },
            "B": {
                "Type": "Choice",
                "Choices": [{
                    "And": [
                        { "Variable": "$x", "NumericEqualsPath": "$y[0]" },
                        { "Variable": "$.x", "IsPresent": true },
                    ],
                    "Assign": { "w.$": "States.Format('{}', $v)" },
                    "Next": "C",
                }],
                "Default": "C",
            },
            "C": { "Type": "Parallel", "End": true, "Branches": [{ "StartAt": "D", "States": {
                "D": { "Type": "Wait", "SecondsPath": "$pause", "OutputPath": "$out", "End": true },
            }}]},
        }});
        let machine = StateMachine::parse(&definition.to_string()).unwrap();
        let listed: Vec<_> = machine
            .variable_references()
            .into_iter()
            .map(|(state, names)| format!("{state}: {names:?}"))
            .collect();
        assert_eq!(
            listed,
            [
                r#"A: {"z"}"#,
                r#"B: {"v", "x", "y"}"#,
                r#"D: {"out", "pause"}"#,
            ]
        );
    }

    #[test]
    fn a_map_refers_to_what_its_files_and_a_task_to_what_its_credentials_read() {
        let names = |state: serde_json::Value| {
            let definition = json!({ "StartAt": "A", "States": { "A": state } });
            let machine = StateMachine::parse(&definition.to_string()).unwrap();
            let names = machine.variable_references().remove("A");
            names.into_iter().flatten().collect::<Vec<_>>()
        };
        let processor = json!({
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "I",
            "States": { "I": { "Type": "Pass", "End": true } },
        });
        let by_path = json!({ "Type": "Map", "ItemProcessor": processor, "End": true,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": { "InputType": "JSON", "MaxItemsPath": "$most" },
                "Parameters": { "Bucket.$": "$bucket", "Key.$": "$.key" },
            },
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": { "Bucket.$": "$results", "Prefix": "p" },
            } });
        assert_eq!(names(by_path), ["bucket", "most", "results"]);
        let by_query = json!({ "Type": "Map", "QueryLanguage": "JSONata",
            "ItemProcessor": processor, "End": true,
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": { "InputType": "JSON", "MaxItems": "{% $most %}" },
                "Arguments": { "Bucket": "{% $bucket %}", "Key": "k" },
            } });
        assert_eq!(names(by_query), ["bucket", "most"]);
        let task = json!({ "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage",
            "Parameters": {}, "Credentials": { "RoleArn.$": "$role" }, "End": true });
        assert_eq!(names(task), ["role"]);
    }
}
