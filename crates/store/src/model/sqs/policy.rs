//! AddPermission and RemovePermission: statements of the queue's policy document. The document is kept and shown; who
//! may do what is decided by the server's own credentials.

use serde_json::{Value, json};

use crate::model::rejected::Rejected;
use crate::model::sqs::PermissionChange;

/// Operations that a permission may name.
const ACTIONS: &[&str] = &[
    "*",
    "SendMessage",
    "ReceiveMessage",
    "DeleteMessage",
    "ChangeMessageVisibility",
    "GetQueueAttributes",
    "GetQueueUrl",
    "ListDeadLetterSourceQueues",
    "PurgeQueue",
];

/// The policy document after a change; an empty text when no statement is left.
pub fn changed(
    policy: Option<&str>,
    queue_arn: &str,
    change: &PermissionChange,
) -> Result<String, Rejected> {
    let mut policy: Value = policy
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_else(|| {
            json!({
                "Version": "2008-10-17",
                "Id": format!("{queue_arn}/SQSDefaultPolicy"),
                "Statement": [],
            })
        });
    let label = match change {
        PermissionChange::Add { label, .. } | PermissionChange::Remove { label } => label,
    };
    let Some(statements) = policy["Statement"].as_array_mut() else {
        return Err(invalid("The queue's policy has no list of statements."));
    };
    let before = statements.len();
    statements.retain(|statement| statement["Sid"] != label.as_str());
    let found = statements.len() < before;
    match change {
        PermissionChange::Remove { .. } if !found => Err(invalid(&format!(
            "Value {label} for parameter Label is invalid. Reason: can't find label."
        ))),
        PermissionChange::Remove { .. } if statements.is_empty() => Ok(String::new()),
        PermissionChange::Remove { .. } => Ok(policy.to_string()),
        PermissionChange::Add { .. } if found => Err(invalid(&format!(
            "Value {label} for parameter Label is invalid. Reason: Already exists."
        ))),
        PermissionChange::Add {
            account_ids,
            actions,
            ..
        } => {
            statements.push(statement(label, account_ids, actions, queue_arn)?);
            Ok(policy.to_string())
        }
    }
}

fn statement(
    label: &str,
    account_ids: &[String],
    actions: &[String],
    queue_arn: &str,
) -> Result<Value, Rejected> {
    for action in actions {
        if !ACTIONS.contains(&action.as_str()) {
            return Err(invalid(&format!(
                "Value SQS:{action} for parameter ActionName is invalid. Reason: Please refer to the appropriate WSDL for a list of valid actions."
            )));
        }
    }
    let principals = account_ids
        .iter()
        .map(|account| Value::from(format!("arn:aws:iam::{account}:root")));
    let actions = actions
        .iter()
        .map(|action| Value::from(format!("SQS:{action}")));
    Ok(json!({
        "Sid": label,
        "Effect": "Allow",
        "Principal": { "AWS": one_or_many(principals.collect()) },
        "Action": one_or_many(actions.collect()),
        "Resource": queue_arn,
    }))
}

/// AWS writes a list of one as its only item.
fn one_or_many(mut values: Vec<Value>) -> Value {
    if values.len() == 1 {
        values.remove(0)
    } else {
        Value::from(values)
    }
}

fn invalid(text: &str) -> Rejected {
    Rejected::InvalidParameter(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_is_a_statement_until_it_is_removed() {
        let add = PermissionChange::Add {
            label: "share".to_owned(),
            account_ids: vec!["111122223333".to_owned()],
            actions: vec!["SendMessage".to_owned()],
        };
        let policy = changed(None, "arn:q", &add).unwrap();
        let document: Value = serde_json::from_str(&policy).unwrap();
        assert_eq!(
            document["Statement"][0],
            json!({
                "Sid": "share",
                "Effect": "Allow",
                "Principal": { "AWS": "arn:aws:iam::111122223333:root" },
                "Action": "SQS:SendMessage",
                "Resource": "arn:q",
            })
        );
        assert!(
            changed(Some(&policy), "arn:q", &add).is_err(),
            "the label is taken"
        );
        let remove = PermissionChange::Remove {
            label: "share".to_owned(),
        };
        let policy = changed(Some(&policy), "arn:q", &remove).unwrap();
        assert_eq!(policy, "", "the last statement takes the document with it");
        assert!(changed(None, "arn:q", &remove).is_err());
    }
}
