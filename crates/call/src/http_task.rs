//! The call that the parameters of an HTTP Task ask for, and the error that such a task receives when it
//! fails. Pure.

use serde_json::{Map, Value, json};

use crate::Answer;

/// The name and the cause of a call that failed, as an HTTP Task has them: the status under its own name, and the body
/// alone.
pub fn failure(error: &str, cause: String, answer: Option<&Answer>) -> (String, String) {
    match answer {
        Some(answer) if error.starts_with("Http.StatusCode.") => {
            let body = match &answer.body {
                Value::String(text) => text.clone(),
                body => body.to_string(),
            };
            (format!("States.{error}"), body)
        }
        _ => (error.to_owned(), cause),
    }
}

/// Whether the parameters of a task are those of an HTTP Task, rather than of a message that it
/// sent.
pub fn is_http_task(parameters: &Value) -> bool {
    parameters.get("MessageBody").is_none() && parameters.get("ApiEndpoint").is_some()
}

/// The call that the parameters of an HTTP Task ask for, in the form of a queue message. How the call signs in is the
/// target's configuration; a connection that is named for AWS is ignored.
pub fn call_of(parameters: &Value) -> Result<Value, String> {
    let members = parameters
        .as_object()
        .ok_or("the parameters must be an object")?;
    let mut call = Map::new();
    for (name, value) in members {
        match name.as_str() {
            "ApiEndpoint" | "Method" | "Headers" | "QueryParameters" | "RequestBody" => {
                call.insert(name.clone(), value.clone());
            }
            "Authentication" | "InvocationConfig" | "Transform" => {}
            name => return Err(format!("an HTTP Task has no parameter {name}")),
        }
    }
    if !call.contains_key("ApiEndpoint") {
        return Err("the HTTP Task has no ApiEndpoint".to_owned());
    }
    if let Some(transform) = members.get("Transform").filter(|value| !value.is_null()) {
        encode(&mut call, transform)?;
    }
    Ok(Value::Object(call))
}

/// How a list is written into a form.
#[derive(Clone, Copy)]
enum ArrayFormat {
    Indices,
    Repeat,
    Commas,
    Brackets,
}

/// Writes the body as a form, if `Transform` asks for it.
fn encode(call: &mut Map<String, Value>, transform: &Value) -> Result<(), String> {
    match transform.get("RequestBodyEncoding").and_then(Value::as_str) {
        None | Some("NONE") => return Ok(()),
        Some("URL_ENCODED") => {}
        Some(_) => {
            return Err("Transform.RequestBodyEncoding must be NONE or URL_ENCODED".to_owned());
        }
    }
    let format = transform
        .get("RequestEncodingOptions")
        .and_then(|options| options.get("ArrayFormat"))
        .and_then(Value::as_str);
    let format = match format {
        None | Some("INDICES") => ArrayFormat::Indices,
        Some("REPEAT") => ArrayFormat::Repeat,
        Some("COMMAS") => ArrayFormat::Commas,
        Some("BRACKETS") => ArrayFormat::Brackets,
        Some(_) => {
            return Err(
                "Transform.RequestEncodingOptions.ArrayFormat must be INDICES, REPEAT, COMMAS or BRACKETS"
                    .to_owned(),
            );
        }
    };
    let Some(body) = call.get("RequestBody").and_then(Value::as_object) else {
        return Err("a RequestBody that is to be URL_ENCODED must be an object".to_owned());
    };
    let mut pairs = Vec::new();
    for (name, value) in body {
        flatten(name.clone(), value, format, &mut pairs);
    }
    let form: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", form_text(name), form_text(value)))
        .collect();
    call.insert("RequestBody".to_owned(), Value::String(form.join("&")));
    let headers = call.entry("Headers").or_insert_with(|| json!({}));
    if let Some(headers) = headers.as_object_mut()
        && !headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case("content-type"))
    {
        headers.insert(
            "Content-Type".to_owned(),
            json!("application/x-www-form-urlencoded"),
        );
    }
    Ok(())
}

fn flatten(name: String, value: &Value, format: ArrayFormat, pairs: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                flatten(format!("{name}[{member}]"), value, format, pairs);
            }
        }
        Value::Array(items) => match format {
            ArrayFormat::Commas => {
                let texts: Vec<String> = items.iter().map(scalar).collect();
                pairs.push((name, texts.join(",")));
            }
            _ => {
                for (index, item) in items.iter().enumerate() {
                    let name = match format {
                        ArrayFormat::Indices => format!("{name}[{index}]"),
                        ArrayFormat::Brackets => format!("{name}[]"),
                        ArrayFormat::Repeat | ArrayFormat::Commas => name.clone(),
                    };
                    flatten(name, item, format, pairs);
                }
            }
        },
        scalar_value => pairs.push((name, scalar(scalar_value))),
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// `application/x-www-form-urlencoded`, as the WHATWG URL standard writes it.
fn form_text(text: &str) -> String {
    use std::fmt::Write as _;
    let mut written = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' ' => written.push('+'),
            byte if byte.is_ascii_alphanumeric() || b"*-._".contains(&byte) => {
                written.push(char::from(byte));
            }
            byte => {
                let _ = write!(written, "%{byte:02X}");
            }
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(array_format: &str) -> String {
        let call = call_of(&json!({
            "ApiEndpoint": "https://a.example/x",
            "Method": "POST",
            "Authentication": { "ConnectionArn": "arn" },
            "RequestBody": { "name": "a b&c", "ids": [1, 2], "deep": { "x": true } },
            "Transform": {
                "RequestBodyEncoding": "URL_ENCODED",
                "RequestEncodingOptions": { "ArrayFormat": array_format },
            },
        }));
        let call = call.unwrap();
        assert_eq!(
            call["Headers"]["Content-Type"],
            "application/x-www-form-urlencoded"
        );
        assert!(call.get("Authentication").is_none());
        call["RequestBody"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_body_is_written_as_a_form_in_each_of_the_array_formats() {
        let has = |format: &str, pairs: &[&str]| {
            let written = form(format);
            let mut found: Vec<&str> = written.split('&').collect();
            found.sort_unstable();
            assert_eq!(found, pairs, "{format}");
        };
        let (deep, name) = ("deep%5Bx%5D=true", "name=a+b%26c");
        has("INDICES", &[deep, "ids%5B0%5D=1", "ids%5B1%5D=2", name]);
        has("BRACKETS", &[deep, "ids%5B%5D=1", "ids%5B%5D=2", name]);
        has("REPEAT", &[deep, "ids=1", "ids=2", name]);
        has("COMMAS", &[deep, "ids=1%2C2", name]);
    }

    #[test]
    fn a_parameter_that_an_http_task_has_not_is_refused() {
        for parameters in [
            json!([]),
            json!({ "Method": "GET" }),
            json!({ "ApiEndpoint": "https://a.example", "Methd": "GET" }),
            json!({ "ApiEndpoint": "https://a.example", "RequestBody": "text",
                    "Transform": { "RequestBodyEncoding": "URL_ENCODED" } }),
        ] {
            assert!(call_of(&parameters).is_err(), "{parameters}");
        }
    }
}
