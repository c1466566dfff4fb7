//! The MD5 digests with which SDKs check that nothing was lost in transit: of a body, and of message attributes.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html>

use md5::{Digest, Md5};

use crate::model::sqs::message_attribute::{AttributeValue, MessageAttributes};

/// Lower-case hexadecimal MD5 of the UTF-8 bytes of a body.
#[must_use]
pub fn md5_of_body(body: &str) -> String {
    hexadecimal(&Md5::digest(body.as_bytes()))
}

/// Lower-case hexadecimal MD5 of attributes in the order of their names; `None` if there are none. Each contributes its
/// name, its data type, one byte for the kind of value, and the value; name, type and value are preceded by their length in
/// four bytes.
#[must_use]
pub fn md5_of_attributes(attributes: &MessageAttributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        update(&mut digest, name.as_bytes());
        update(&mut digest, attribute.data_type.as_bytes());
        match &attribute.value {
            AttributeValue::Text(text) => {
                digest.update([1]);
                update(&mut digest, text.as_bytes());
            }
            AttributeValue::Binary(bytes) => {
                digest.update([2]);
                update(&mut digest, bytes);
            }
        }
    }
    Some(hexadecimal(&digest.finalize()))
}

fn update(digest: &mut Md5, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).expect("a message is at most 1 MiB");
    digest.update(length.to_be_bytes());
    digest.update(bytes);
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(32), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sqs::message_attribute::MessageAttribute;

    fn text(data_type: &str, value: &str) -> MessageAttribute {
        MessageAttribute {
            data_type: data_type.to_owned(),
            value: AttributeValue::Text(value.to_owned()),
        }
    }

    #[test]
    fn the_md5_of_a_body_is_that_of_its_utf8_bytes() {
        assert_eq!(md5_of_body("Hello"), "8b1a9953c4611296a827abf8c47804d7");
        assert_eq!(
            md5_of_body("{\"q\":\"é\"}"),
            "742be85dbca0d82f6cbc566a4206bb3e"
        );
    }

    #[test]
    fn the_md5_of_attributes_follows_aws_byte_for_byte() {
        let one = MessageAttributes::from([("tenant".to_owned(), text("String", "acme"))]);
        assert_eq!(
            md5_of_attributes(&one).as_deref(),
            Some("c52f727da6769fcbc66f3f8555ce234a")
        );
        let blob = MessageAttribute {
            data_type: "Binary".to_owned(),
            value: AttributeValue::Binary(vec![0, 1, 0xff]),
        };
        let four = MessageAttributes::from([
            ("tenant".to_owned(), text("String", "acme")),
            ("attempt".to_owned(), text("Number", "3")),
            ("blob".to_owned(), blob),
            ("Prio.x".to_owned(), text("Number.int", "7")),
        ]);
        assert_eq!(
            md5_of_attributes(&four).as_deref(),
            Some("b4638040288cdd61769dfd5b9cb0101c")
        );
        assert_eq!(md5_of_attributes(&MessageAttributes::new()), None);
    }
}
