//! Finds elements and attributes in XML text by their names alone, whatever their namespace and position: enough to read the
//! code of an error. Pure.

use std::borrow::Cow;

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

/// Whether a text may be XML.
pub(crate) fn is_xml(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// The values at a place, in document order: `errorCode` is the text directly inside each element of that local name,
/// `Error@code` the attribute of each such element. Whatever follows a syntax error is left out.
pub(crate) fn values(text: &str, place: &str) -> Vec<String> {
    let (element, attribute) = match place.split_once('@') {
        Some((element, attribute)) => (element, Some(attribute)),
        None => (place, None),
    };
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    // For each open element, the text inside it if it is wanted.
    let mut open: Vec<Option<String>> = Vec::new();
    while let Ok(event) = reader.read_event() {
        match (event, attribute) {
            (Event::Eof, _) => break,
            (Event::Start(start), _) => {
                let wanted = is_named(&start, element);
                if wanted && let Some(attribute) = attribute {
                    found.extend(attribute_of(&start, attribute));
                }
                open.push((wanted && attribute.is_none()).then(String::new));
            }
            (Event::Empty(start), attribute) if is_named(&start, element) => match attribute {
                Some(attribute) => found.extend(attribute_of(&start, attribute)),
                None => found.push(String::new()),
            },
            (Event::End(_), _) => {
                if let Some(Some(text)) = open.pop() {
                    found.push(text.trim().to_owned());
                }
            }
            (Event::Text(piece), _) => add(&mut open, &piece),
            (Event::CData(piece), _) => add(&mut open, &piece),
            (Event::GeneralRef(reference), _) => match reference.resolve_char_ref() {
                Ok(Some(letter)) => add(&mut open, letter.encode_utf8(&mut [0; 4])),
                _ => add(
                    &mut open,
                    resolve_predefined_entity(&reference).unwrap_or_default(),
                ),
            },
            _ => {}
        }
    }
    found
}

fn add(open: &mut [Option<String>], piece: &str) {
    if let Some(Some(text)) = open.last_mut() {
        text.push_str(piece);
    }
}

fn is_named(start: &BytesStart<'_>, element: &str) -> bool {
    start.local_name().as_ref() == element
}

fn attribute_of(start: &BytesStart<'_>, name: &str) -> Option<String> {
    start
        .attributes()
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)
        .and_then(|attribute| attribute.normalized_value(XmlVersion::Implicit1_0).ok())
        .map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUICKBOOKS: &str = "<?xml version=\"1.0\"?>\
        <IntuitResponse xmlns=\"http://schema.intuit.com/finance/v3\"><Fault type=\"SERVICE\">\
        <Error code=\"3001\"><Message>ThrottleExceeded</Message></Error>\
        <Error code=\"a&amp;b\"/></Fault></IntuitResponse>";

    #[test]
    fn an_element_and_an_attribute_are_found_by_their_local_names() {
        assert_eq!(values(QUICKBOOKS, "Error@code"), ["3001", "a&b"]);
        assert_eq!(values(QUICKBOOKS, "Message"), ["ThrottleExceeded"]);
        let soap = "<s:Envelope><s:Fault><d:code> A&lt;&#66;<![CDATA[&]]> </d:code></s:Fault></s:Envelope>";
        assert_eq!(values(soap, "code"), ["A<B&"]);
        assert_eq!(values(soap, "Code"), [""; 0]);
        assert_eq!(values("<a><b/><b>x<c>y</c>z</b></a>", "b"), ["", "xz"]);
    }

    #[test]
    fn what_is_no_xml_holds_nothing() {
        for text in ["", "code", "<code", "{\"code\": 1}", "<code>1"] {
            assert_eq!(values(text, "code"), [""; 0], "{text}");
        }
        assert!(is_xml(" <a/>") && !is_xml("a"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[<>/a@&;=\"'! \\[\\]-]{0,40}|.{0,40}") {
            let _found = values(&text, "a");
            let _found = values(&text, "a@a");
        }
    }
}
