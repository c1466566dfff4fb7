//! SQS's rules for the names and the tags of queues.

use crate::model::rejected::Rejected;
use crate::model::sqs::Names;

/// The maximum length of a queue's name.
const MAX_NAME_CHARS: usize = 80;

/// The maximum of tags on one queue.
const MAX_TAGS: usize = 50;

/// SQS's rules for the name of a queue.
pub fn check_name(name: &str, fifo: bool) -> Result<(), Rejected> {
    let stem = if fifo {
        name.strip_suffix(".fifo").unwrap_or_default()
    } else {
        name
    };
    let allowed = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
    if !stem.is_empty() && name.len() <= MAX_NAME_CHARS && stem.bytes().all(allowed) {
        return Ok(());
    }
    Err(Rejected::InvalidParameter(if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.".to_owned()
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
            .to_owned()
    }))
}

/// SQS's rules for the tags of a queue.
pub fn check_tags(tags: &Names) -> Result<(), Rejected> {
    let long =
        |(key, value): (&String, &String)| key.is_empty() || key.len() > 512 || value.len() > 1_024;
    if tags.len() > MAX_TAGS {
        return Err(Rejected::InvalidParameter(format!(
            "Too many tags added for queue. Maximum number of tags is {MAX_TAGS}."
        )));
    }
    if tags.iter().any(long) {
        return Err(Rejected::InvalidParameter(
            "A tag's key has 1 to 128 characters and its value at most 256.".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whether_its_queue_is_fifo() {
        for (name, fifo, good) in [
            ("orders", false, true),
            ("orders.fifo", true, true),
            ("orders.fifo", false, false),
            ("orders", true, false),
            (".fifo", true, false),
            ("", false, false),
            ("a b", false, false),
        ] {
            assert_eq!(check_name(name, fifo).is_ok(), good, "{name} {fifo}");
        }
        assert!(check_name(&"a".repeat(80), false).is_ok());
        assert!(check_name(&"a".repeat(81), false).is_err());
    }
}
