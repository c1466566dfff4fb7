//! The Query protocol over the wire: forms in, XML out, by POST and by GET.

use reqwest::Method;

use crate::aws::Aws;
use crate::process::Server;
use crate::workspace::Workspace;

const FORM: &str = "application/x-www-form-urlencoded";

/// Status, content type and body.
type Answered = (u16, String, String);

async fn post(aws: &Aws, path: &str, form: &str) -> Answered {
    let request = aws.http.post(format!("{}{path}", aws.url));
    read(request.header("content-type", FORM).body(form.to_owned())).await
}

async fn get(aws: &Aws, path: &str) -> Answered {
    read(aws.http.request(Method::GET, format!("{}{path}", aws.url))).await
}

async fn read(request: reqwest::RequestBuilder) -> Answered {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    assert!(answer.headers().contains_key("x-amzn-requestid"));
    let kind = answer.headers()["content-type"]
        .to_str()
        .expect("text")
        .to_owned();
    (status, kind, answer.text().await.expect("a body"))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    let (_, rest) = text
        .split_once(open)
        .unwrap_or_else(|| panic!("no {open} in {text}"));
    rest.split_once(close).expect("a closing tag").0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_goes_through_a_queue_in_forms_and_xml() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let made = post(&aws, "/", "Action=CreateQueue&Version=2012-11-05&QueueName=orders&Attribute.1.Name=VisibilityTimeout&Attribute.1.Value=45").await;
    assert_eq!((made.0, made.1.as_str()), (200, "text/xml"));
    let url = between(&made.2, "<QueueUrl>", "</QueueUrl>");
    assert_eq!(url, format!("{}/000000000000/orders", aws.url));
    assert!(made.2.contains("<CreateQueueResponse xmlns=\"http://queue.amazonaws.com/doc/2012-11-05/\"><CreateQueueResult>"));

    // Older clients post to the queue's own URL and name it nowhere else.
    let sent = post(
        &aws,
        "/000000000000/orders",
        "Action=SendMessage&MessageBody=a%0D%0A%3Cb%3E",
    )
    .await;
    assert_eq!(sent.0, 200, "{}", sent.2);
    let received = post(
        &aws,
        "/queue/us-east-1/000000000000/orders?Action=ReceiveMessage&AttributeName=All",
        "",
    )
    .await;
    assert!(
        received.2.contains("<Body>a&#xD;\n&lt;b&gt;</Body>"),
        "{}",
        received.2
    );
    assert!(
        received.2.contains(
            "<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>"
        )
    );
    let handle = between(&received.2, "<ReceiptHandle>", "</ReceiptHandle>");
    let deleted = post(
        &aws,
        "/000000000000/orders/",
        &format!("Action=DeleteMessage&ReceiptHandle={handle}"),
    )
    .await;
    assert_eq!(deleted.0, 200, "{}", deleted.2);
    assert!(!deleted.2.contains("DeleteMessageResult"));
    let attributes = get(
        &aws,
        "/000000000000/orders?Action=GetQueueAttributes&AttributeName.1=VisibilityTimeout",
    )
    .await;
    assert!(
        attributes
            .2
            .contains("<Attribute><Name>VisibilityTimeout</Name><Value>45</Value></Attribute>")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_xml_with_the_codes_of_the_query_protocol() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    for (form, status, code) in [
        (
            "Action=GetQueueUrl&QueueName=none",
            400,
            "AWS.SimpleQueueService.NonExistentQueue",
        ),
        ("Action=SendMessage&MessageBody=x", 400, "MissingParameter"),
        (
            "Action=ReceiveMessage&QueueUrl=vendor-high&MaxNumberOfMessages=ten",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=ReceiveMessage&QueueUrl=vendor-high",
            400,
            "AWS.SimpleQueueService.UnsupportedOperation",
        ),
        ("Action=Publish&Version=2010-03-31", 400, "NoSuchVersion"),
        ("Action=Publish", 400, "InvalidAction"),
        ("Version=2012-11-05", 400, "MissingAction"),
        (
            "Action=ListQueues&Action=ListQueues",
            400,
            "MalformedQueryString",
        ),
        ("Action=ListQueues&x=%ff", 400, "MalformedQueryString"),
    ] {
        let answer = post(&aws, "/", form).await;
        assert_eq!(
            (answer.0, answer.1.as_str()),
            (status, "text/xml"),
            "{form}"
        );
        assert_eq!(between(&answer.2, "<Code>", "</Code>"), code, "{form}");
        assert!(answer.2.contains("<Type>Sender</Type>"), "{form}");
    }
    let elsewhere = post(&aws, "/000000000000/a/b", "Action=ListQueues").await;
    assert_eq!(elsewhere.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_told_which_account_this_is() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let told = post(&aws, "/", "Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(told.0, 200);
    assert_eq!(between(&told.2, "<Account>", "</Account>"), "000000000000");
    assert_eq!(
        between(&told.2, "<Arn>", "</Arn>"),
        "arn:aws:iam::000000000000:root"
    );
    assert!(
        told.2
            .contains("xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_read_whatever_its_target_header_says() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let request = aws
        .http
        .post(format!("{}/", aws.url))
        .header(
            "content-type",
            "application/x-www-form-urlencoded;charset=utf-8",
        )
        .header("x-amz-target", "AmazonSQSv20121105.ListQueues");
    let listed = read(request.body("Action=ListQueues&Version=2012-11-05")).await;
    assert_eq!(listed.0, 200, "{}", listed.2);
    assert!(listed.2.contains("<ListQueuesResult>"), "{}", listed.2);

    // JSON is read as JSON even if, as with curl, its content type says that it is a form.
    let request = aws
        .http
        .post(format!("{}/", aws.url))
        .header("content-type", FORM)
        .header("x-amz-target", "AmazonSQS.ListQueues");
    let listed = read(request.body("{}")).await;
    assert_eq!(listed.0, 200, "{}", listed.2);
    assert!(listed.2.starts_with('{'), "{}", listed.2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_sends_no_message() {
    let server = Server::start(&Workspace::without_vendor()).await;
    let aws = server.aws();
    let body = "%7B%22Method%22%3A%22DELETE%22%2C%22Path%22%3A%22%2Fcustomers%2F1%22%7D";
    let sent = get(
        &aws,
        &format!("/?Action=SendMessage&QueueUrl=vendor-high&MessageBody={body}"),
    )
    .await;
    assert_eq!(sent.0, 403, "{}", sent.2);
    assert_eq!(between(&sent.2, "<Code>", "</Code>"), "AccessDenied");
    let count = "/000000000000/vendor-high?Action=GetQueueAttributes&AttributeName=ApproximateNumberOfMessages";
    let count = get(&aws, count).await;
    assert!(count.2.contains("<Value>0</Value>"), "{}", count.2);
}
