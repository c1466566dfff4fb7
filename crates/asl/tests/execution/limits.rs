//! The limits on data, depth and the length of a history, and definitions made to exhaust a host.

use rampmeter_asl::{End, Payload, Status, Stimulus};
use serde_json::{Value, json};

use crate::host::{Host, callback, pass, single};

/// A JSON text of this many bytes.
fn text_of(bytes: usize) -> Value {
    json!("x".repeat(bytes - 2))
}

#[test]
fn a_result_of_256_kib_is_allowed_and_one_byte_more_is_not() {
    assert_eq!(
        pass(json!({"Result": text_of(262_144)}), &json!({})).output(),
        &text_of(262_144)
    );
    let host = pass(json!({"Result": text_of(262_145)}), &json!({}));
    assert_eq!(
        host.failure(),
        (
            "States.DataLimitExceeded",
            "The state/task 'A' returned a result with a size exceeding the maximum number of bytes \
             service limit."
        )
    );
    assert_eq!(
        host.history()[1..],
        ["2<0 PassStateEntered", "3<2 ExecutionFailed"]
    );
}

#[test]
fn the_limit_counts_bytes_of_text_and_not_characters() {
    let result = json!("\u{e9}".repeat(131_072));
    let host = pass(json!({"Result": result}), &json!({}));
    assert_eq!(host.failure().0, "States.DataLimitExceeded");
}

#[test]
fn parameters_over_the_limit_fail_before_anything_is_sent() {
    let state = callback(json!({"Parameters": {"a.$": "$", "b.$": "$"}}));
    let host = Host::started(&single(state), &text_of(200_000));
    assert_eq!(host.failure().0, "States.DataLimitExceeded");
    assert!(host.tasks.is_empty());
}

#[test]
fn exceeded_data_is_caught_by_its_name_and_not_by_all() {
    for (name, is_caught) in [("States.DataLimitExceeded", true), ("States.ALL", false)] {
        let mut definition = single(callback(json!({
            "ResultPath": "$.result",
            "Catch": [{"ErrorEquals": [name], "Next": "B"}],
        })));
        definition["States"]["B"] = json!({"Type": "Succeed"});
        let mut host = Host::submitted(&definition, &json!({"a": text_of(200_000)}));
        host.succeed(text_of(200_000)).unwrap();
        let end = host.history().last().unwrap().clone();
        assert_eq!(
            end.ends_with("ExecutionSucceeded"),
            is_caught,
            "{name}: {end}"
        );
    }
}

#[test]
fn an_oversized_result_fails_the_task_whatever_would_be_selected_of_it() {
    let mut host = Host::submitted(
        &single(callback(json!({"ResultSelector": {"small.$": "$.small"}}))),
        &json!({}),
    );
    host.succeed(json!({"small": 1, "large": text_of(262_144)}))
        .unwrap();
    let cause = "The state/task 'A' returned a result with a size exceeding the maximum number of \
                 bytes service limit.";
    assert_eq!(host.failure(), ("States.DataLimitExceeded", cause));
    assert_eq!(
        host.history()[5..],
        ["6<5 TaskFailed", "7<6 ExecutionFailed"]
    );
    let failed = host.events[5].to_history_event(true);
    assert_eq!(
        failed["taskFailedEventDetails"]["error"],
        "States.DataLimitExceeded"
    );
}

#[test]
fn an_oversized_result_is_caught_by_its_name_alone() {
    for (name, is_caught) in [
        ("States.DataLimitExceeded", true),
        ("States.ALL", false),
        ("States.TaskFailed", false),
    ] {
        let mut definition = single(callback(json!({
            "Catch": [{"ErrorEquals": [name], "Next": "B"}],
        })));
        definition["States"]["B"] = json!({"Type": "Succeed"});
        let mut host = Host::submitted(&definition, &json!({}));
        host.succeed(text_of(262_145)).unwrap();
        if is_caught {
            assert_eq!(host.output()["Error"], "States.DataLimitExceeded");
        } else {
            assert_eq!(host.failure().0, "States.DataLimitExceeded", "{name}");
        }
    }
}

#[test]
fn a_result_that_nests_too_deep_to_be_read_back_fails_the_task() {
    let nest = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    for (levels, is_taken) in [(127, true), (128, false)] {
        let selector = json!({"ResultSelector": {"status.$": "$[1]"}});
        let mut host = Host::submitted(&single(callback(selector)), &json!({}));
        host.succeed(json!([nest(levels - 1), "ok"])).unwrap();
        if is_taken {
            assert_eq!(host.output(), &json!({"status": "ok"}));
        } else {
            assert_eq!(host.failure().0, "States.Runtime");
            assert_eq!(
                host.history()[5..],
                ["6<5 TaskFailed", "7<6 ExecutionFailed"]
            );
        }
    }
}

#[test]
fn a_result_path_cannot_make_data_that_nests_too_deep() {
    let path = |steps: usize| format!("${}", ".a".repeat(steps));
    for (result, is_taken) in [(json!({}), true), (json!({"b": {}}), false)] {
        let host = pass(
            json!({"Result": result, "ResultPath": path(126)}),
            &json!({}),
        );
        match host.status {
            Status::Ended(End::Succeeded { .. }) => assert!(is_taken),
            _ => assert!(!is_taken && host.failure().1.contains("nests deeper")),
        }
    }
}

#[test]
fn the_longest_cause_has_32_768_characters() {
    let input = json!({"text": "\u{e9}".repeat(100_000)});
    let host = pass(json!({"ResultPath": "$.text.a"}), &input);
    let (error, cause) = host.failure();
    assert_eq!(error, "States.Runtime");
    assert!(cause.contains("Unable to apply ReferencePath $.text.a to input"));
    assert_eq!(cause.chars().count(), 32_768);
}

#[test]
fn the_cause_of_a_task_is_cut_in_its_event_too() {
    let mut host = Host::submitted(&single(callback(json!({}))), &json!({}));
    host.fail("E", &"y".repeat(32_769)).unwrap();
    let failed = host.events[5].to_history_event(true);
    let cause = failed["taskFailedEventDetails"]["cause"].as_str();
    assert_eq!(cause.map(str::len), Some(32_768));
    assert_eq!(host.failure().1.len(), 32_768);
}

#[test]
fn a_cause_from_data_has_no_more_characters_than_any_other() {
    let state = json!({"Type": "Fail", "Error": "E", "CausePath": "$.why"});
    let host = Host::started(&single(state), &json!({"why": "y".repeat(40_000)}));
    assert_eq!(host.failure(), ("E", "y".repeat(32_768).as_str()));
}

#[test]
fn data_that_nests_ever_deeper_fails_before_it_cannot_be_stored() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Parameters": {"a.$": "$"}, "Next": "B"},
        "B": {"Type": "Choice", "Default": "A", "Choices": [
            {"Variable": "$.never", "IsPresent": true, "Next": "C"},
        ]},
        "C": {"Type": "Succeed"},
    }});
    let mut host = Host::started(&definition, &json!({}));
    while host.status == Status::Yielded {
        host.send(Stimulus::Continue).unwrap();
    }
    assert_eq!(host.failure().0, "States.Runtime");
    assert!(host.failure().1.contains("nests deeper"));
}

#[test]
fn data_as_deep_as_a_text_can_be_passes_and_is_stored() {
    let nest = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
    assert!(Payload::parse(&nest(128)).is_err());
    let deepest = Payload::parse(&nest(127)).unwrap();
    let host = pass(json!({"InputPath": "$"}), deepest.value());
    assert_eq!(host.output(), deepest.value());
    let host = pass(json!({"Parameters": ["x", {"a.$": "$"}]}), deepest.value());
    assert_eq!(host.failure().0, "States.Runtime");
}

#[test]
fn a_template_cannot_multiply_its_input_without_bound() {
    let parts: serde_json::Map<_, _> = (0..20_000)
        .map(|index| (format!("p{index}.$"), json!("$")))
        .collect();
    let host = pass(json!({"Parameters": parts}), &text_of(200_000));
    assert_eq!(host.failure().0, "States.DataLimitExceeded");
}

#[test]
fn a_path_cannot_visit_values_without_bound() {
    let mut input = json!(1);
    for _ in 0..60 {
        input = json!([input, 1, 1]);
    }
    let path = format!("${}", "..*".repeat(8));
    let host = pass(json!({"Parameters": {"v.$": path}}), &input);
    assert_eq!(host.failure().0, "States.Runtime");
}

#[test]
fn results_that_hold_the_same_data_many_times_are_not_copied_first() {
    let mut input = text_of(200_000);
    for _ in 0..90 {
        input = json!([input]);
    }
    let host = pass(json!({"Parameters": {"v.$": "$..*..*"}}), &input);
    assert_eq!(host.failure().0, "States.Runtime");
}

#[test]
fn a_filter_cannot_compare_everything_with_everything() {
    let items: Vec<_> = (0..30_000).collect();
    let input = json!({"one": items, "two": [items.len() + 1]});
    let few = pass(
        json!({"Parameters": {"v.$": "$.one[?(@ in $.two)]"}}),
        &input,
    );
    assert_eq!(few.output(), &json!({"v": []}));
    let all = pass(
        json!({"Parameters": {"v.$": "$.two[?(@ in $.one)]"}}),
        &input,
    );
    assert_eq!(all.output(), &json!({"v": []}));
    let host = pass(
        json!({"Parameters": {"v.$": "$.one[?(@ nin $.one)]"}}),
        &input,
    );
    assert_eq!(host.failure().0, "States.Runtime");
}

#[test]
fn all_expressions_of_a_state_share_one_budget() {
    let rules: Vec<_> = (0..5_000)
        .map(|_| json!({"Variable": "$..*", "IsNull": true, "Next": "B"}))
        .collect();
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Choice", "Choices": rules, "Default": "B"}, "B": {"Type": "Succeed"},
    }});
    let host = Host::started(&definition, &json!(vec![json!([1, 2, 3]); 10_000]));
    assert_eq!(host.failure().0, "States.Runtime");
}

#[test]
fn the_25_000th_event_says_that_the_history_is_full() {
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "B"},
        "B": {"Type": "Choice", "Default": "A", "Choices": [
            {"Variable": "$.never", "IsPresent": true, "Next": "C"},
        ]},
        "C": {"Type": "Succeed"},
    }});
    let mut host = Host::new(&definition, &json!({}));
    host.transitions = 5_000;
    host.send(Stimulus::Start {
        input: Payload::from_value(json!({})),
    })
    .unwrap();
    while host.status == Status::Yielded {
        host.send(Stimulus::Continue).unwrap();
    }
    assert_eq!(host.events.len(), 25_000);
    assert_eq!(
        host.history().last().unwrap(),
        "25000<24999 ExecutionFailed"
    );
    assert_eq!(
        host.failure(),
        (
            "States.Runtime",
            "The execution reached the maximum number of history events (25000)."
        )
    );
}
