//! `response` of a target: which part of an answer's body a workflow gets, and what becomes of a body that is too long to
//! be part of its data.

use rampmeter_caller::ResponseRules;

use crate::document::{Reading, Section};
use crate::problem::{Code, Problem};

const MAX_BODY_BYTES: u64 = 4 << 30;

/// `response = { select = "$.items[*].id", inline = "200KiB", max = "64MiB" }`. Whether the path is valid is checked by
/// the host, which knows the language.
pub(crate) fn read(reading: &Reading<'_>, target: &Section<'_>) -> ResponseRules {
    let usual = ResponseRules::default();
    let Some(node) = target.get("response") else {
        return usual;
    };
    let keys = &["select", "inline", "max"];
    let Some(section) = Section::open(reading, "response", node, "response", keys) else {
        return usual;
    };
    let max_inline = ResponseRules::MAX_OUTPUT_BYTES as u64;
    let inline = size(reading, &section, "inline", max_inline);
    let max = size(reading, &section, "max", MAX_BODY_BYTES);
    let select = section.parsed("select", Code::BadValue, |text| {
        if text.starts_with('$') {
            Ok(text.to_owned())
        } else {
            Err("must be a JSONPath into the body, such as \"$.items[*].id\"".to_owned())
        }
    });
    ResponseRules {
        select,
        inline: inline
            .and_then(|bytes| usize::try_from(bytes).ok())
            .unwrap_or(usual.inline),
        max: max.unwrap_or(usual.max),
    }
}

/// A size from 1 KiB to the given maximum.
fn size(reading: &Reading<'_>, section: &Section<'_>, key: &str, most: u64) -> Option<u64> {
    let found = section.text(key)?;
    match parse(&found.value).filter(|bytes| (1024..=most).contains(bytes)) {
        Some(bytes) => Some(bytes),
        None => {
            let what = format!("`{key}` must be a size from 1KiB to {}KiB", most / 1024);
            reading.note(
                Problem::new(Code::BadValue, what)
                    .at(&found.location)
                    .help("write a whole number and a unit: \"500KB\", \"200KiB\", \"16MB\", \"64MiB\", \"1GiB\""),
            );
            None
        }
    }
}

fn parse(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let per_unit: u64 = match unit {
        "B" => 1,
        "KB" => 1_000,
        "KiB" => 1 << 10,
        "MB" => 1_000_000,
        "MiB" => 1 << 20,
        "GB" => 1_000_000_000,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(per_unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_number_with_a_unit() {
        assert_eq!(parse("200KiB"), Some(204_800));
        assert_eq!(parse("16MB"), Some(16_000_000));
        assert_eq!(parse("1GiB"), Some(1_073_741_824));
        for wrong in ["", "5", "KiB", "5 MB", "5kb", "-1MB", "99999999999GiB"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
