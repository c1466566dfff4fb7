//! Where an execution waits, in words: the state, the call it waits for, what holds that call, since when, how many
//! calls are ahead, when it should start. For a Parallel or Map state, the same for each waiting branch and iteration,
//! as many as the server lists.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::client::text;

/// A label and its text.
type Field = (&'static str, String);

/// All fields, in the order in which they are shown.
pub(super) fn fields(waiting: &Value) -> Vec<Field> {
    let Some(state) = waiting["state"].as_str() else {
        return Vec::new();
    };
    let children = waiting["children"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let what = match (waiting["waits_for"].as_str(), waiting["running"].as_u64()) {
        (Some("children"), Some(running)) => {
            format!("for branches and iterations, {running} of which run")
        }
        (word, _) => what_for(word),
    };
    let mut fields = vec![(
        "waits",
        format!("in {state:?} {what}, since {}", text(&waiting["since"])),
    )];
    fields.extend(call_fields(&waiting["call"], ["call", "held by"]));
    for (holder, calls) in holders(children) {
        fields.push(("held by", format!("{holder}: {calls} of those below")));
    }
    for child in children {
        fields.push(("branch", branch_words(child)));
        fields.extend(call_fields(&child["call"], ["  call", "  held by"]));
    }
    let told = children.len() as u64;
    if let Some(more) = waiting["running"]
        .as_u64()
        .and_then(|running| running.checked_sub(told))
        .filter(|more| *more > 0)
    {
        let most =
            format!("{more} more: rampmeter call list, or --json for the first {told} of them");
        fields.push(("and", most));
    }
    fields
}

fn what_for(word: Option<&str>) -> String {
    match word {
        Some("task") => "for the result of a task",
        Some("timer") => "for a time",
        Some("retry") => "to retry",
        Some("children") => "for branches and iterations",
        _ => "to continue",
    }
    .to_owned()
}

fn branch_words(child: &Value) -> String {
    let state = text(&child["state"]);
    let what = what_for(child["waits_for"].as_str());
    format!("in {state:?} {what}, since {}", text(&child["since"]))
}

/// The call that will resume the execution, and what holds that call.
fn call_fields(call: &Value, labels: [&'static str; 2]) -> Vec<Field> {
    let Some(id) = call["id"].as_str() else {
        return Vec::new();
    };
    let [target, priority, status] =
        ["target", "priority", "status"].map(|member| text(&call[member]));
    let key = call["key"]
        .as_str()
        .map_or_else(String::new, |key| format!(" key {key}"));
    let ahead = call["ahead"]
        .as_u64()
        .filter(|_| status == "waiting")
        .map_or_else(String::new, |ahead| {
            let about = call["ahead_is_estimate"].as_bool().unwrap_or_default();
            format!(", {}{ahead} ahead", if about { "about " } else { "" })
        });
    let starts = call["starts"]
        .as_str()
        .map_or_else(String::new, |starts| format!(", starts {starts}"));
    let mut fields = vec![(
        labels[0],
        format!("{id} to {target} {priority}{key}: {status}{ahead}{starts}"),
    )];
    if let Some(held_by) = call["held_by"].as_str() {
        fields.push((labels[1], held_by.to_owned()));
    }
    fields
}

/// What holds the calls of several branches, and how many calls each: the beginning of the explanation, without the
/// figures that differ from call to call. Empty where at most one call waits.
fn holders(children: &[Value]) -> BTreeMap<String, usize> {
    let mut holders = BTreeMap::new();
    let held = children
        .iter()
        .filter_map(|child| child["call"]["held_by"].as_str());
    for held_by in held {
        let holder = held_by
            .split([':', ','])
            .next()
            .unwrap_or(held_by)
            .to_owned();
        *holders.entry(holder).or_default() += 1;
    }
    if holders.values().sum::<usize>() < 2 {
        holders.clear();
    }
    holders
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(waiting: &Value) -> Vec<String> {
        let fields = fields(waiting).into_iter();
        fields
            .map(|(label, value)| format!("{}: {value}", label.trim()))
            .collect()
    }

    fn call(id: &str, ahead: u64, starts: &str) -> Value {
        json!({
            "id": id, "target": "netsuite", "priority": "BATCH", "key": "SO-1", "status": "waiting",
            "ahead": ahead, "held_by": "limit account: 12 of 12 used, until a call is answered",
            "starts": starts,
        })
    }

    #[test]
    fn a_waiting_execution_says_where_why_since_when_and_how_long_still() {
        let waiting = json!({
            "state": "Create sales order", "waits_for": "task", "since": "2026-11-23T01:24:21.120Z",
            "call": call("c-12", 3, "in about 4.2 s"),
        });
        assert_eq!(
            told(&waiting),
            [
                "waits: in \"Create sales order\" for the result of a task, since 2026-11-23T01:24:21.120Z",
                "call: c-12 to netsuite BATCH key SO-1: waiting, 3 ahead, starts in about 4.2 s",
                "held by: limit account: 12 of 12 used, until a call is answered",
            ]
        );
    }

    #[test]
    fn each_branch_that_waits_is_told_and_the_rest_is_counted() {
        let child = |id: &str, ahead: u64| {
            json!({
                "state": "Call", "waits_for": "task", "since": "2026-11-23T01:24:22.000Z",
                "call": call(id, ahead, "now"),
            })
        };
        let waiting = json!({
            "state": "Each line", "waits_for": "children", "since": "2026-11-23T01:24:21.120Z",
            "running": 5_000, "children": [child("c-1", 0), child("c-2", 1)],
        });
        let told = told(&waiting);
        assert_eq!(
            told[..2],
            [
                "waits: in \"Each line\" for branches and iterations, 5000 of which run, since 2026-11-23T01:24:21.120Z",
                "held by: limit account: 2 of those below",
            ]
        );
        assert_eq!(
            told[3],
            "call: c-1 to netsuite BATCH key SO-1: waiting, 0 ahead, starts now"
        );
        assert_eq!(told.len(), 2 + 3 + 3 + 1);
        assert!(told[8].starts_with("and: 4998 more"), "{told:?}");
    }

    #[test]
    fn an_execution_that_has_ended_waits_nowhere() {
        assert!(fields(&Value::Null).is_empty());
    }
}
