//! Versions, aliases and tags of state machines.

use serde_json::{Value, json};

use crate::aws::{Aws, machine_arn};
use crate::process::Server;
use crate::workspace::Workspace;

/// A state machine whose output is `result`.
fn definition(result: &str) -> String {
    json!({
        "StartAt": "A",
        "States": { "A": { "Type": "Pass", "Result": result, "End": true } },
    })
    .to_string()
}

async fn create(aws: &Aws, name: &str) -> Value {
    let role = "arn:aws:iam::000000000000:role/r";
    let create = json!({
        "name": name, "definition": definition("one"), "roleArn": role, "publish": true,
    });
    aws.must("CreateStateMachine", create).await
}

/// Publishes another definition and returns the version's ARN.
async fn revise(aws: &Aws, name: &str, result: &str) -> String {
    let update = json!({
        "stateMachineArn": machine_arn(name), "definition": definition(result), "publish": true,
    });
    let updated = aws.must("UpdateStateMachine", update).await;
    text(&updated["stateMachineVersionArn"])
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// The output of an execution of this state machine, version or alias.
async fn output(aws: &Aws, arn: &str) -> Value {
    let started = aws
        .must("StartExecution", json!({ "stateMachineArn": arn }))
        .await;
    aws.ended(&text(&started["executionArn"])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_stays_what_it_was_and_its_number_is_never_given_again() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    let first = text(&create(&aws, "v").await["stateMachineVersionArn"]);
    assert_eq!(first, format!("{}:1", machine_arn("v")));
    let second = revise(&aws, "v", "two").await;
    assert_eq!(output(&aws, &first).await["output"], "\"one\"");
    let ended = output(&aws, &second).await;
    assert_eq!(ended["output"], "\"two\"");
    assert_eq!(ended["stateMachineVersionArn"], second.as_str());
    assert_eq!(ended["stateMachineArn"], machine_arn("v"));

    let listed = json!({ "stateMachineArn": second });
    let executions = aws.must("ListExecutions", listed).await;
    assert_eq!(executions["executions"].as_array().map(Vec::len), Some(1));

    let delete = json!({ "stateMachineVersionArn": second });
    aws.must("DeleteStateMachineVersion", delete).await;
    let publish = json!({ "stateMachineArn": machine_arn("v") });
    let third = aws
        .must("PublishStateMachineVersion", publish.clone())
        .await;
    assert_eq!(
        third["stateMachineVersionArn"],
        format!("{}:3", machine_arn("v"))
    );
    let again = aws.must("PublishStateMachineVersion", publish).await;
    assert_eq!(
        again["stateMachineVersionArn"],
        third["stateMachineVersionArn"]
    );
    let other = json!({ "stateMachineArn": machine_arn("v"), "revisionId": "INITIAL" });
    let refused = aws.states("PublishStateMachineVersion", other).await;
    assert_eq!(refused.error(), "ConflictException");
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_listed_newest_first_a_page_at_a_time() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    create(&aws, "v").await;
    revise(&aws, "v", "two").await;
    revise(&aws, "v", "three").await;
    let mut request = json!({ "stateMachineArn": machine_arn("v"), "maxResults": 2 });
    let mut seen = Vec::new();
    loop {
        let page = aws.must("ListStateMachineVersions", request.clone()).await;
        for item in page["stateMachineVersions"].as_array().expect("a list") {
            seen.push(text(&item["stateMachineVersionArn"]));
        }
        match page.get("nextToken") {
            Some(token) => request["nextToken"] = token.clone(),
            None => break,
        }
    }
    let expected: Vec<String> = [3, 2, 1]
        .iter()
        .map(|number| format!("{}:{number}", machine_arn("v")))
        .collect();
    assert_eq!(seen, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_sends_executions_to_its_versions_and_keeps_them_from_being_deleted() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    let first = text(&create(&aws, "v").await["stateMachineVersionArn"]);
    let second = revise(&aws, "v", "two").await;
    let routes = |weight: i64| {
        json!([
            { "stateMachineVersionArn": first, "weight": weight },
            { "stateMachineVersionArn": second, "weight": 100 - weight },
        ])
    };
    let create = json!({ "name": "PROD", "routingConfiguration": routes(100) });
    let created = aws.must("CreateStateMachineAlias", create.clone()).await;
    let alias = text(&created["stateMachineAliasArn"]);
    assert_eq!(alias, format!("{}:PROD", machine_arn("v")));
    let again = aws.must("CreateStateMachineAlias", create).await;
    assert_eq!(again, created);

    let ended = output(&aws, &alias).await;
    assert_eq!(ended["output"], "\"one\"");
    assert_eq!(ended["stateMachineAliasArn"], alias.as_str());
    let update = json!({ "stateMachineAliasArn": alias, "routingConfiguration": routes(0) });
    aws.must("UpdateStateMachineAlias", update).await;
    assert_eq!(output(&aws, &alias).await["output"], "\"two\"");
    let listed = aws
        .must("ListExecutions", json!({ "stateMachineArn": alias }))
        .await;
    assert_eq!(listed["executions"].as_array().map(Vec::len), Some(2));

    let delete = json!({ "stateMachineVersionArn": first });
    let refused = aws
        .states("DeleteStateMachineVersion", delete.clone())
        .await;
    assert_eq!(refused.error(), "ConflictException");
    assert!(
        refused.message().ends_with("[PROD]"),
        "{}",
        refused.message()
    );
    let gone = json!({ "stateMachineAliasArn": alias });
    aws.must("DeleteStateMachineAlias", gone.clone()).await;
    aws.must("DeleteStateMachineVersion", delete).await;
    let refused = aws.states("DescribeStateMachineAlias", gone).await;
    assert_eq!(refused.error(), "ResourceNotFound");
    let start = json!({ "stateMachineArn": alias });
    let refused = aws.states("StartExecution", start).await;
    assert_eq!(refused.error(), "StateMachineDoesNotExist");
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_that_lead_nowhere_are_refused() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    let first = text(&create(&aws, "v").await["stateMachineVersionArn"]);
    let other = text(&create(&aws, "w").await["stateMachineVersionArn"]);
    let route = |arn: &str, weight: i64| json!({ "stateMachineVersionArn": arn, "weight": weight });
    for routes in [
        json!([]),
        json!([route(&first, 99)]),
        json!([route(&first, 101)]),
        json!([route(&first, 50), route(&first, 50)]),
        json!([route(&first, 50), route(&other, 50)]),
        json!([route(&machine_arn("v"), 100)]),
        json!([route(&format!("{}:9", machine_arn("v")), 100)]),
    ] {
        let create = json!({ "name": "PROD", "routingConfiguration": routes });
        let refused = aws.states("CreateStateMachineAlias", create).await;
        assert_eq!(refused.error(), "ValidationException", "{}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_state_machine_leaves_no_versions_and_no_aliases_to_its_successor() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    create(&aws, "v").await;
    revise(&aws, "v", "two").await;
    let named = json!({ "stateMachineArn": machine_arn("v") });
    aws.must("DeleteStateMachine", named.clone()).await;
    let created = create(&aws, "v").await;
    assert_eq!(
        created["stateMachineVersionArn"],
        format!("{}:1", machine_arn("v"))
    );
    let page = aws.must("ListStateMachineVersions", named).await;
    assert_eq!(
        page["stateMachineVersions"].as_array().map(Vec::len),
        Some(1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_can_be_set_changed_removed_and_are_at_most_fifty() {
    let workspace = Workspace::without_vendor();
    let server = Server::start(&workspace).await;
    let aws = server.aws();
    create(&aws, "v").await;
    let activity = aws.must("CreateActivity", json!({ "name": "a" })).await;
    for arn in [machine_arn("v"), text(&activity["activityArn"])] {
        let tag = |tags: Value| json!({ "resourceArn": arn, "tags": tags });
        let both = json!([{ "key": "b", "value": "1" }, { "key": "a", "value": "" }]);
        aws.must("TagResource", tag(both)).await;
        aws.must("TagResource", tag(json!([{ "key": "b", "value": "2" }])))
            .await;
        let listed = json!({ "resourceArn": arn });
        assert_eq!(
            aws.must("ListTagsForResource", listed.clone()).await["tags"],
            json!([{ "key": "a", "value": "" }, { "key": "b", "value": "2" }])
        );
        let keys = json!({ "resourceArn": arn, "tagKeys": ["a", "none"] });
        aws.must("UntagResource", keys).await;
        assert_eq!(
            aws.must("ListTagsForResource", listed).await["tags"],
            json!([{ "key": "b", "value": "2" }])
        );
        let many: Vec<Value> = (0..50)
            .map(|number| json!({ "key": number.to_string(), "value": "" }))
            .collect();
        let refused = aws.states("TagResource", tag(json!(many))).await;
        assert_eq!(refused.error(), "TooManyTags");
    }
    let nobody = json!({ "resourceArn": machine_arn("nobody") });
    let refused = aws.states("ListTagsForResource", nobody).await;
    assert_eq!(refused.error(), "ResourceNotFound");
}
