//! Forms as SQS's older clients write them, and the XML they read.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};

use super::{Form, answer, error, to_json};
use crate::protocol::error::WireError;
use crate::protocol::service::Service;

fn form(text: &str) -> Form {
    let mut form = Form::default();
    form.add(text).expect("a form");
    form
}

/// The text of every element, in their order, as `name=text`.
fn elements(xml: &[u8]) -> Vec<String> {
    let mut reader = Reader::from_reader(xml);
    let (mut path, mut found) = (Vec::new(), Vec::new());
    let mut text = String::new();
    loop {
        match reader.read_event().expect("XML") {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                text.clear();
            }
            Event::Text(piece) => text.push_str(&piece),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().unwrap() {
                Some(letter) => text.push(letter),
                None => text.push_str(&format!("&{};", &*reference)),
            },
            Event::End(_) => {
                if !text.is_empty() {
                    found.push(format!("{}={text}", path.last().unwrap()));
                }
                text.clear();
                path.pop();
            }
            Event::Eof => return found,
            _ => {}
        }
    }
}

#[test]
fn a_form_becomes_the_json_of_the_same_request() {
    let sent = form(
        "Action=SendMessage&Version=2012-11-05&QueueUrl=http%3A%2F%2Fh%2F1%2Fq&MessageBody=a+b%2Bc&DelaySeconds=3\
         &MessageAttribute.2.Name=blob&MessageAttribute.2.Value.DataType=Binary&MessageAttribute.2.Value.BinaryValue=AAH%2F\
         &MessageAttribute.1.Name=tenant&MessageAttribute.1.Value.DataType=String&MessageAttribute.1.Value.StringValue=acme",
    );
    assert_eq!(
        to_json(&sent),
        Ok(json!({
            "QueueUrl": "http://h/1/q",
            "MessageBody": "a b+c",
            "DelaySeconds": 3,
            "MessageAttributes": {
                "tenant": { "DataType": "String", "StringValue": "acme" },
                "blob": { "DataType": "Binary", "BinaryValue": "AAH/" },
            },
        }))
    );
}

#[test]
fn lists_maps_and_batches_are_numbered_from_one_and_keep_their_order() {
    let names: Vec<String> = (1..=12)
        .map(|n| format!("AttributeName.{n}=a{n}"))
        .collect();
    let listed = to_json(&form(&names.join("&"))).unwrap();
    assert_eq!(listed["AttributeNames"][1], "a2", "2 comes before 10");
    assert_eq!(listed["AttributeNames"][11], "a12");
    let made = form(
        "QueueName=q&Attribute.1.Name=DelaySeconds&Attribute.1.Value=5&Tag.1.Key=team&Tag.1.Value=x",
    );
    assert_eq!(
        to_json(&made).unwrap(),
        json!({ "QueueName": "q", "Attributes": { "DelaySeconds": "5" }, "Tags": { "team": "x" } })
    );
    let batch = form(
        "SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageBody=x\
         &SendMessageBatchRequestEntry.2.Id=b&SendMessageBatchRequestEntry.2.MessageBody=y\
         &SendMessageBatchRequestEntry.2.MessageAttribute.1.Name=n\
         &SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.DataType=Number\
         &SendMessageBatchRequestEntry.2.MessageAttribute.1.Value.StringValue=7",
    );
    assert_eq!(
        to_json(&batch).unwrap()["Entries"],
        json!([
            { "Id": "a", "MessageBody": "x" },
            { "Id": "b", "MessageBody": "y", "MessageAttributes": { "n": { "DataType": "Number", "StringValue": "7" } } },
        ])
    );
}

#[test]
fn a_form_that_cannot_be_read_is_refused() {
    for bad in ["a=%ff", "a=1&a=2", &"x&".repeat(3)] {
        let refused = Form::default().add(bad).expect_err(bad);
        assert_eq!(refused.name, "MalformedQueryString");
    }
    let many: Vec<String> = (0..3_000).map(|n| format!("p{n}=1")).collect();
    assert!(Form::default().add(&many.join("&")).is_err());
    let refused = to_json(&form("DelaySeconds=soon")).expect_err("no number");
    assert_eq!(refused.query_code(), "InvalidParameterValue");
}

#[test]
fn answers_are_spelled_as_sqs_spells_them() {
    let receive = "ReceiveMessage";
    let received = json!({ "Messages": [{
        "MessageId": "m",
        "Body": "<a>\r\n&b</a>",
        "Attributes": { "SentTimestamp": "1" },
        "MessageAttributes": { "n": { "StringValue": "7", "DataType": "Number" } },
    }] });
    let xml = answer(Service::Sqs, receive, &received, "id-1");
    assert_eq!(
        elements(&xml),
        [
            "MessageId=m",
            "Body=&lt;a&gt;\r\n&amp;b&lt;/a&gt;",
            "Name=SentTimestamp",
            "Value=1",
            "Name=n",
            "StringValue=7",
            "DataType=Number",
            "RequestId=id-1",
        ]
    );
    let text = String::from_utf8(xml).unwrap();
    assert!(text.contains("&#xD;\n"), "{text}");
    assert!(text.contains("<Attribute><Name>SentTimestamp</Name><Value>1</Value></Attribute>"));
    assert!(text.contains("<ReceiveMessageResult><Message>"));

    let batch = "SendMessageBatch";
    let answered =
        json!({ "Successful": [{ "Id": "a" }], "Failed": [{ "Id": "b", "SenderFault": true }] });
    let text = String::from_utf8(answer(Service::Sqs, batch, &answered, "id-1")).unwrap();
    assert!(text.contains("<SendMessageBatchResultEntry><Id>a</Id></SendMessageBatchResultEntry>"));
    assert!(text.contains("<BatchResultErrorEntry><Id>b</Id><SenderFault>true</SenderFault>"));

    let delete = "DeleteMessage";
    let text = String::from_utf8(answer(Service::Sqs, delete, &json!({}), "id-1")).unwrap();
    assert!(!text.contains("Result"), "{text}");
}

#[test]
fn an_error_has_its_query_code_and_whose_fault_it_is() {
    let refused = WireError::new("QueueDoesNotExist", "No <queue>.")
        .with_query_code("AWS.SimpleQueueService.NonExistentQueue");
    assert_eq!(
        elements(&error(Some(Service::Sqs), &refused, "id-1")),
        [
            "Type=Sender",
            "Code=AWS.SimpleQueueService.NonExistentQueue",
            "Message=No &lt;queue&gt;.",
            "RequestId=id-1",
        ]
    );
}

#[test]
fn characters_that_xml_cannot_carry_are_replaced() {
    let list = "ListQueueTags";
    let tags: Value = json!({ "Tags": { "a": "x\u{0}y\u{1F600}" } });
    let text = String::from_utf8(answer(Service::Sqs, list, &tags, "id-1")).unwrap();
    assert!(
        text.contains("<Value>x\u{FFFD}y\u{1F600}</Value>"),
        "{text}"
    );
}

#[test]
fn the_number_of_a_single_element_may_be_left_out() {
    for (sent, read) in [
        ("AttributeName=All", json!({ "AttributeNames": ["All"] })),
        (
            "MessageAttributeName=tenant&MessageAttributeName.2=*",
            json!({ "MessageAttributeNames": ["tenant", "*"] }),
        ),
        ("TagKey=team", json!({ "TagKeys": ["team"] })),
        (
            "Attribute.Name=DelaySeconds&Attribute.Value=3",
            json!({ "Attributes": { "DelaySeconds": "3" } }),
        ),
        (
            "Tag.Key=team&Tag.Value=a",
            json!({ "Tags": { "team": "a" } }),
        ),
        (
            "MessageAttribute.Name=n&MessageAttribute.Value.DataType=Number&MessageAttribute.Value.StringValue=1",
            json!({ "MessageAttributes": { "n": { "DataType": "Number", "StringValue": "1" } } }),
        ),
        (
            "DeleteMessageBatchRequestEntry.Id=a&DeleteMessageBatchRequestEntry.ReceiptHandle=h",
            json!({ "Entries": [{ "Id": "a", "ReceiptHandle": "h" }] }),
        ),
    ] {
        assert_eq!(to_json(&form(sent)), Ok(read), "{sent}");
    }
}
