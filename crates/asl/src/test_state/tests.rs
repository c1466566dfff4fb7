//! What a test shows of each type of state, and what it refuses.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn test(request: &TestState) -> Result<Tested, Refusal> {
    let mut setting = Setting {
        now: 1_700_000_000_000,
        region: "eu-west-1",
        execution_arn: "arn:aws:states:eu-west-1:000000000000:express:machine:one",
        execution_name: "one",
        machine_arn: "arn:aws:states:eu-west-1:000000000000:stateMachine:machine",
        machine_name: "machine",
        role_arn: Some("arn:aws:iam::000000000000:role/role"),
        task_token: "the-task-token",
        random: &mut || 0,
    };
    test_state(request, &mut setting)
}

fn of(definition: &Value, input: &Value) -> TestState {
    TestState {
        definition: definition.to_string(),
        input: Some(input.to_string()),
        ..TestState::default()
    }
}

fn answering(result: &Value) -> Option<Mock> {
    Some(Mock {
        result: Some(result.to_string()),
        ..Mock::default()
    })
}

fn failing(error: &str) -> Option<Mock> {
    Some(Mock {
        error: Some(MockError {
            error: Some(error.to_owned()),
            cause: Some("why".to_owned()),
        }),
        ..Mock::default()
    })
}

fn stages(tested: &Tested) -> Value {
    let stages = tested.inspection.stages.iter();
    stages
        .map(|(stage, payload)| (stage.field().to_owned(), payload.value().clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn refusal(request: &TestState) -> String {
    test(request).expect_err("a refusal").to_string()
}

const SEND: &str = "arn:aws:states:::sqs:sendMessage";
const SEND_AND_WAIT: &str = "arn:aws:states:::sqs:sendMessage.waitForTaskToken";

#[test]
fn a_pass_state_shows_its_data_after_each_field() {
    let state = json!({"Type": "Pass", "InputPath": "$.in", "Parameters": {"x.$": "$.a"},
        "ResultPath": "$.out", "Next": "B"});
    let tested = test(&of(&state, &json!({"in": {"a": 1}}))).unwrap();
    let output = json!({"in": {"a": 1}, "out": {"x": 1}});
    assert_eq!(tested.status, TestStatus::Succeeded);
    assert_eq!(tested.output.as_ref().unwrap().value(), &output);
    assert_eq!(tested.next_state.as_deref(), Some("B"));
    assert_eq!(
        stages(&tested),
        json!({"afterInputPath": {"a": 1}, "afterParameters": {"x": 1},
            "afterResultSelector": {"x": 1}, "afterResultPath": output})
    );
}

#[test]
fn a_pass_state_with_a_result_shows_no_input() {
    let state = json!({"Type": "Pass", "Result": 7, "End": true});
    let tested = test(&of(&state, &json!({}))).unwrap();
    let shown = json!({"result": 7, "afterResultSelector": 7, "afterResultPath": 7});
    assert_eq!(stages(&tested), shown);
    assert_eq!(tested.next_state, None);
}

#[test]
fn a_mocked_task_goes_through_all_its_fields() {
    let state = json!({"Type": "Task", "Resource": SEND, "Parameters": {"QueueUrl.$": "$.q"},
        "ResultSelector": {"id.$": "$.MessageId"}, "ResultPath": "$.sent", "End": true});
    let mut request = of(&state, &json!({"q": "url"}));
    request.mock = answering(&json!({"MessageId": "m"}));
    let tested = test(&request).unwrap();
    let output = json!({"q": "url", "sent": {"id": "m"}});
    assert_eq!(
        stages(&tested),
        json!({"afterInputPath": {"q": "url"}, "afterParameters": {"QueueUrl": "url"},
            "result": {"MessageId": "m"}, "afterResultSelector": {"id": "m"},
            "afterResultPath": output})
    );
    assert_eq!(tested.output.unwrap().value(), &output);
}

#[test]
fn a_service_that_this_host_does_not_know_can_be_mocked() {
    let resource = "arn:aws:states:::glue:startJobRun";
    let state = json!({"Type": "Task", "Resource": resource, "End": true});
    let mut request = of(&state, &json!({}));
    request.mock = answering(&json!({"JobRunId": "j"}));
    assert_eq!(test(&request).unwrap().status, TestStatus::Succeeded);
}

#[test]
fn a_choice_names_where_it_leads() {
    let state = json!({"Type": "Choice", "Default": "Small",
        "Choices": [{"Variable": "$.n", "NumericGreaterThan": 9, "Next": "Large"}]});
    for (n, next) in [(10, "Large"), (9, "Small")] {
        let tested = test(&of(&state, &json!({"n": n}))).unwrap();
        assert_eq!(tested.next_state.as_deref(), Some(next));
    }
}

#[test]
fn a_fail_state_fails_with_its_words() {
    let state = json!({"Type": "Fail", "Error": "E", "Cause": "why"});
    let tested = test(&of(&state, &json!({"a": 1}))).unwrap();
    assert_eq!(tested.status, TestStatus::Failed);
    assert_eq!(
        (tested.error.as_deref(), tested.cause.as_deref()),
        (Some("E"), Some("why"))
    );
    assert_eq!(stages(&tested), json!({"afterInputPath": {"a": 1}}));
}

#[test]
fn a_wait_state_says_how_long_it_waits_and_more_than_five_minutes_is_too_long() {
    let state = |seconds: u32| json!({"Type": "Wait", "Seconds": seconds, "Next": "B"});
    let tested = test(&of(&state(300), &json!({}))).unwrap();
    assert_eq!(
        (tested.waits, tested.status),
        (300_000, TestStatus::Succeeded)
    );
    let tested = test(&of(&state(301), &json!({}))).unwrap();
    assert_eq!((tested.waits, tested.status), (0, TestStatus::Failed));
    assert_eq!(tested.error.as_deref(), Some("States.Timeout"));
}

#[test]
fn a_retrier_gives_the_pause_that_follows_the_attempts_before() {
    let state = json!({"Type": "Task", "Resource": SEND, "End": true, "Retry": [
        {"ErrorEquals": ["Other"]},
        {"ErrorEquals": ["Mine"], "IntervalSeconds": 1, "BackoffRate": 2.0, "MaxAttempts": 5}]});
    let mut request = of(&state, &json!({}));
    request.mock = failing("Mine");
    for (used, status, pause) in [
        (0, TestStatus::Retriable, Some(1)),
        (4, TestStatus::Retriable, Some(16)),
        (5, TestStatus::Failed, None),
    ] {
        request.configuration.retrier_retry_count = Some(used);
        let tested = test(&request).unwrap();
        assert_eq!(tested.status, status);
        assert_eq!(tested.inspection.retry_index, Some(1));
        assert_eq!(tested.inspection.retry_backoff_seconds, pause);
        assert_eq!(
            (tested.error.as_deref(), tested.cause.as_deref()),
            (Some("Mine"), Some("why"))
        );
    }
}

#[test]
fn a_catcher_leads_on_with_the_error() {
    let state = json!({"Type": "Task", "Resource": SEND, "End": true, "Catch": [
        {"ErrorEquals": ["Other"], "Next": "B"},
        {"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": "C"}]});
    let mut request = of(&state, &json!({"a": 1}));
    request.mock = failing("Mine");
    let tested = test(&request).unwrap();
    assert_eq!(tested.status, TestStatus::CaughtError);
    assert_eq!(tested.inspection.catch_index, Some(1));
    assert_eq!(tested.next_state.as_deref(), Some("C"));
    assert_eq!(tested.error.as_deref(), Some("Mine"));
    assert_eq!(
        tested.output.unwrap().value(),
        &json!({"a": 1, "error": {"Error": "Mine", "Cause": "why"}})
    );
}

#[test]
fn an_expression_that_fails_fails_the_state_and_shows_how_far_it_came() {
    let state = json!({"Type": "Pass", "Parameters": {"x.$": "$.missing"}, "End": true});
    let tested = test(&of(&state, &json!({"a": 1}))).unwrap();
    assert_eq!(tested.error.as_deref(), Some("States.Runtime"));
    assert_eq!(stages(&tested), json!({"afterInputPath": {"a": 1}}));
}

#[test]
fn a_context_object_of_the_client_replaces_the_made_up_one() {
    let state = json!({"Type": "Task", "Resource": SEND_AND_WAIT, "End": true,
        "Parameters": {"context.$": "$$", "MessageBody": {"t.$": "$$.Task.Token"}}});
    let mut request = of(&state, &json!({}));
    request.mock = answering(&json!({}));
    let parameters = |request: &TestState| {
        let tested = test(request).unwrap();
        tested.inspection.stages[&Stage::AfterParameters]
            .value()
            .clone()
    };
    let made_up = parameters(&request);
    assert_eq!(made_up["MessageBody"]["t"], "the-task-token");
    assert_eq!(made_up["context"]["State"]["Name"], "StateName");
    assert_eq!(made_up["context"]["Execution"]["Name"], "one");
    let own = json!({"Execution": {"Input": 5}, "Task": {"Token": "abc"}});
    request.context = Some(own.to_string());
    let shown = parameters(&request);
    assert_eq!(shown, json!({"context": own, "MessageBody": {"t": "abc"}}));
}

#[test]
fn a_context_object_with_other_fields_is_refused() {
    let task = json!({"Type": "Task", "Resource": SEND, "End": true});
    let mut request = of(&task, &json!({}));
    request.mock = answering(&json!({}));
    for (context, why) in [
        (json!({"Pokedex": {}}), "Field 'Pokedex' is not allowed"),
        (json!({"Execution": {"x": 1}}), "Field 'x' is not allowed"),
        (
            json!({"Execution": {"Id": 1}}),
            "Execution.Id must be a string",
        ),
        (json!({"State": 1}), "State must be an object"),
        (
            json!({"Map": {}}),
            "'Map' field is not supported when mocking a Context object",
        ),
        (
            json!({"Task": {"Token": "t"}}),
            "Context object contains 'Task' when state is not a Task state with a '.sync' or \
             '.waitForTaskToken' service integration pattern",
        ),
        (json!([]), "Context must be a valid JSON object"),
    ] {
        request.context = Some(context.to_string());
        let expected = format!("Invalid Context object provided: {why}");
        assert_eq!(refusal(&request), expected);
    }
}

#[test]
fn one_state_of_a_whole_machine_is_found_at_any_depth() {
    let machine = json!({"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": true,
        "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Pass", "Result": 1, "Next": "C"},
            "C": {"Type": "Succeed"}}}]}}});
    let mut request = of(&machine, &json!({}));
    request.state_name = Some("B".to_owned());
    assert_eq!(test(&request).unwrap().next_state.as_deref(), Some("C"));
    request.state_name = Some("D".to_owned());
    assert_eq!(refusal(&request), "State not found in definition");
    request.state_name = None;
    assert!(refusal(&request).contains("stateName"));
}

#[test]
fn faults_of_a_state_have_their_places_in_the_state() {
    let state = json!({"Type": "Wait", "Seconds": -1, "End": true});
    let Err(Refusal::InvalidDefinition(faults)) = test(&of(&state, &json!({}))) else {
        panic!("faults were expected");
    };
    assert_eq!(faults[0].location, "/Seconds");
    for text in ["", "no JSON", "[]", "{}"] {
        let request = TestState {
            definition: text.to_owned(),
            ..TestState::default()
        };
        let refused = test(&request);
        assert!(matches!(refused, Err(Refusal::InvalidDefinition(faults)) if !faults.is_empty()));
    }
}

#[test]
fn a_mock_that_does_not_fit_is_refused_in_the_words_of_aws() {
    let pass = json!({"Type": "Pass", "End": true});
    let task = json!({"Type": "Task", "Resource": SEND, "End": true});
    let parallel = json!({"Type": "Parallel", "End": true,
        "Branches": [{"StartAt": "B", "States": {"B": {"Type": "Succeed"}}}]});
    let both = Some(Mock {
        result: Some("1".to_owned()),
        ..failing("E").unwrap()
    });
    let text = Some(Mock {
        result: Some("no JSON".to_owned()),
        ..Mock::default()
    });
    let asks_for_secrets = TestState {
        mock: answering(&json!({})),
        reveals_secrets: true,
        ..of(&task, &json!({}))
    };
    assert_eq!(
        refusal(&asks_for_secrets),
        "TestState does not support RevealSecrets when a mock is specified."
    );
    for (state, mock, why) in [
        (
            &pass,
            failing("E"),
            "State type 'Pass' is not supported when a mock is specified",
        ),
        (
            &task,
            both,
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ),
        (&task, text, "Mocked result must be valid JSON"),
        (
            &parallel,
            answering(&json!({})),
            "Mocked result must be an array.",
        ),
        (
            &parallel,
            None,
            "TestState API does not support Map or Parallel states. Supported state types include: \
             [Task, Wait, Pass, Succeed, Fail, Choice]",
        ),
        (
            &task,
            answering(&json!({"MessageId": 1})),
            "Mock result schema validation error: Field 'MessageId' must be a string",
        ),
    ] {
        let request = TestState {
            mock,
            ..of(state, &json!({}))
        };
        assert_eq!(refusal(&request), why);
    }
}

#[test]
fn input_that_is_no_json_is_refused_with_the_reason() {
    let request = TestState {
        input: Some("not json".to_owned()),
        ..of(&json!({"Type": "Succeed"}), &json!({}))
    };
    assert!(matches!(test(&request), Err(Refusal::InvalidInput(why)) if why.contains("'not'")));
}

#[test]
fn variables_can_be_read_and_are_shown_with_what_the_state_assigns() {
    let state = json!({"Type": "Pass", "Parameters": {"x.$": "$given"}, "End": true,
        "Assign": {"more.$": "$.x"}});
    let mut request = of(&state, &json!({}));
    request.variables = Some(json!({"given": [1]}).to_string());
    let tested = test(&request).unwrap();
    assert_eq!(tested.output.unwrap().value(), &json!({"x": [1]}));
    let variables = tested.inspection.variables.unwrap();
    assert_eq!(variables.value(), &json!({"given": [1], "more": [1]}));
    request.variables = Some("[]".to_owned());
    assert_eq!(refusal(&request), "Variables must be a valid JSON object");
}

fn map_state(fields: &Value) -> Value {
    let mut state = json!({"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "B",
        "States": {"B": {"Type": "Succeed"}}}});
    for (name, value) in fields.as_object().unwrap() {
        state[name] = value.clone();
    }
    state
}

#[test]
fn a_map_shows_its_items_and_what_its_selector_makes_of_each() {
    let state = map_state(
        &json!({"ItemsPath": "$.list", "MaxConcurrency": 2, "ItemSelector": {
        "index.$": "$$.Map.Item.Index", "value.$": "$$.Map.Item.Value", "all.$": "$.all"}}),
    );
    let mut request = of(&state, &json!({"list": ["a", "b"], "all": true}));
    request.mock = answering(&json!([1, 2]));
    let tested = test(&request).unwrap();
    assert_eq!(tested.output.as_ref().unwrap().value(), &json!([1, 2]));
    assert_eq!(tested.inspection.max_concurrency, Some(2));
    let shown = stages(&tested);
    assert_eq!(shown["afterItemsPath"], json!(["a", "b"]));
    assert_eq!(
        shown["afterItemSelector"],
        json!([{"index": 0, "value": "a", "all": true}, {"index": 1, "value": "b", "all": true}])
    );
    request.input = Some(json!({"list": ["a"]}).to_string());
    assert_eq!(
        test(&request).unwrap().error.as_deref(),
        Some("States.Runtime")
    );
}

#[test]
fn a_map_without_an_array_fails_as_aws_was_recorded_to() {
    let state = map_state(&json!({"ItemsPath": "$$.Execution.Input", "MaxConcurrency": 1}));
    let mut request = of(&state, &json!({}));
    request.mock = answering(&json!([]));
    let tested = test(&request).unwrap();
    assert_eq!(
        tested.cause.as_deref(),
        Some("Reference path \"$.Execution.Input\" must point to array.")
    );
    assert_eq!(tested.inspection.max_concurrency, None);
}

#[test]
fn failed_iterations_count_only_against_a_limit_that_is_set() {
    let free = map_state(&json!({}));
    let limited = map_state(&json!({"ToleratedFailureCount": 1, "Catch": [
        {"ErrorEquals": ["States.ExceedToleratedFailureThreshold"], "Next": "C"}]}));
    for (state, failed, status) in [
        (&free, 2, TestStatus::Succeeded),
        (&limited, 1, TestStatus::Succeeded),
        (&limited, 2, TestStatus::CaughtError),
    ] {
        let mut request = of(state, &json!([1, 2, 3]));
        request.mock = answering(&json!([0, 0, 1]));
        request.configuration.map_iteration_failure_count = Some(failed);
        assert_eq!(test(&request).unwrap().status, status);
        request.configuration.map_iteration_failure_count = Some(4);
        assert!(refusal(&request).starts_with("Map iteration failure count"));
    }
}

#[test]
fn a_distributed_map_shows_its_batches_and_reads_nothing() {
    let mut state = map_state(&json!({"ToleratedFailurePercentage": 50,
        "ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b",
            "Key": "k"}},
        "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"common": true}}}));
    state["ItemProcessor"]["ProcessorConfig"] = json!({"Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD"});
    let mut request = of(&state, &json!({}));
    request.mock = answering(&json!([1, 2]));
    request.configuration.map_item_reader_data = Some("[1, 2, 3]".to_owned());
    let tested = test(&request).unwrap();
    let common = json!({"common": true});
    assert_eq!(
        stages(&tested)["afterItemBatcher"],
        json!([{"BatchInput": common, "Items": [1, 2]}, {"BatchInput": common, "Items": [3]}])
    );
    assert_eq!(tested.inspection.tolerance.percentage, Some(50.0));
    request.configuration.map_iteration_failure_count = Some(2);
    let tested = test(&request).unwrap();
    assert_eq!(
        tested.error.as_deref(),
        Some("States.ExceedToleratedFailureThreshold")
    );
}

/// Parts of requests, good and bad, in any combination.
fn part() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        r#"{"Type":"Pass","End":true}"#,
        r#"{"Type":"Task","Resource":"arn:aws:states:::states:startExecution.sync","Next":"B",
            "Parameters":{"a.$":"$.a"},"Retry":[{"ErrorEquals":["States.ALL"]}]}"#,
        r#"{"Type":"Map","ItemProcessor":{"StartAt":"A","States":{"A":{"Type":"Succeed"}}},"End":true}"#,
        r#"{"Type":"Parallel","Branches":[{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}],"End":true}"#,
        r#"{"Type":"Task","QueryLanguage":"JSONata","Resource":"arn:aws:states:::lambda:invoke",
            "Arguments":{"a":"{% $states.context %}"},"Output":"{% $states.result.a %}","End":true}"#,
        r#"{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"B"}]}"#,
        r#"{"StartAt":"A","States":{"A":{"Type":"Wait","SecondsPath":"$.a","End":true}}}"#,
        r#"{"ExecutionArn":"a","StartDate":"b","a":1}"#,
        r#"{"Execution":{"Input":{}},"State":{}}"#,
        "[1,[2],{}]",
        "{}",
        "null",
        "A",
        "",
        "[[[[[[",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_request_is_answered_or_refused(
        definition in part(),
        [input, variables, context, result, items] in prop::array::uniform5(prop::option::of(part())),
        names in prop::option::of(part()),
        fails: bool,
        count in prop::option::of(0_u32..4),
    ) {
        let request = TestState {
            definition,
            state_name: names,
            input,
            variables,
            context,
            mock: result.map(|result| Mock {
                result: (!fails).then_some(result),
                error: fails.then(MockError::default),
                validation: FieldValidation::Strict,
            }),
            reveals_secrets: false,
            configuration: Configuration {
                retrier_retry_count: count,
                map_iteration_failure_count: count,
                map_item_reader_data: items,
                error_caused_by_state: None,
            },
        };
        if let Ok(tested) = test(&request) {
            prop_assert_eq!(tested.output.is_some(), matches!(
                tested.status,
                TestStatus::Succeeded | TestStatus::CaughtError
            ));
        }
    }
}
