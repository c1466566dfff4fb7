//! What a workflow gets of an answer's body: the part that the message or the target selects. Bodies are in memory
//! here, so a part can be selected only from as much of an answer as a worker reads.

use rampmeter_asl::Selector;
use rampmeter_call::{Answer, CallMessage};
use rampmeter_config::Target;

/// The selector of a call: its message's, else its target's.
///
/// # Errors
/// Why the path is not a JSONPath, in words.
pub(crate) fn of_call(call: &CallMessage, target: &Target) -> Result<Option<Selector>, String> {
    if let Some(path) = &call.response_selector {
        let read = Selector::parse(path);
        return read
            .map(Some)
            .map_err(|error| format!("its ResponseSelector is no JSONPath: {error}"));
    }
    of_target(target)
}

/// The selector of a target.
///
/// # Errors
/// Why the path is not a JSONPath, in words.
pub(crate) fn of_target(target: &Target) -> Result<Option<Selector>, String> {
    let Some(path) = &target.profile.response.select else {
        return Ok(None);
    };
    let read = Selector::parse(path);
    read.map(Some)
        .map_err(|error| format!("`select` of its `response` is no JSONPath: {error}"))
}

/// Reduces an answer to the selected part. A body that is not JSON, or was truncated, stays as it is.
pub(crate) fn cut(selector: Option<&Selector>, mut answer: Answer) -> Answer {
    if let Some(part) = selector.and_then(|selector| selector.part_of(&answer.body)) {
        answer.body = part;
    }
    answer
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rampmeter_config::aws;
    use serde_json::{Value, json};

    use super::*;

    fn target(more: &str) -> Target {
        let text = format!("[targets.t]\nbase_url = \"http://127.0.0.1:1\"\n{more}");
        let config = aws::target(&text, Path::new("t.toml"), "t", &Default::default());
        config.unwrap().targets.remove("t").unwrap()
    }

    fn call(more: &str, target: &Target) -> CallMessage {
        let text = format!("{{\"Method\": \"GET\", \"Path\": \"/a\"{more}}}");
        CallMessage::parse(&text, &target.account).unwrap()
    }

    fn answer(body: Value) -> Answer {
        Answer {
            status: 200,
            status_text: String::new(),
            headers: Vec::new(),
            body,
            ..Answer::default()
        }
    }

    #[test]
    fn a_message_selects_before_its_target_and_what_selects_nothing_leaves_all() {
        let target_selects = target("response = { select = \"$.total\" }");
        let whole = json!({"total": 2, "items": [{"id": 1}, {"id": 2}]});
        let selected = |more: &str, target: &Target| {
            let selector = of_call(&call(more, target), target).unwrap();
            cut(selector.as_ref(), answer(whole.clone())).body
        };
        let of_message = ", \"ResponseSelector\": \"$.items[*].id\"";
        assert_eq!(selected(of_message, &target_selects), json!([1, 2]));
        assert_eq!(selected("", &target_selects), json!(2));
        assert_eq!(selected("", &target("")), whole);
    }

    #[test]
    fn what_is_no_json_stays_as_it_is() {
        let selector = Selector::parse("$.id").unwrap();
        let page = json!("<html>");
        assert_eq!(cut(Some(&selector), answer(page.clone())).body, page);
    }

    #[test]
    fn a_path_that_is_none_is_told_with_its_reason() {
        let usual = target("");
        let call = call(", \"ResponseSelector\": \"$.items[\"", &usual);
        let why = of_call(&call, &usual).unwrap_err();
        assert!(
            why.starts_with("its ResponseSelector is no JSONPath: "),
            "{why}"
        );
        let why = of_target(&target("response = { select = \"$.items[\" }")).unwrap_err();
        assert!(why.starts_with("`select` of its `response`"), "{why}");
    }
}
