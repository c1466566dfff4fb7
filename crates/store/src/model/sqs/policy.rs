//! AddPermission and RemovePermission: statements of the queue's policy document. The document is kept and returned; access
//! itself is decided by the server's own credentials.

use serde_json::{Value, json};

use crate::model::queue_error::QueueError;
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

/// The maximum of actions in one permission.
const MAX_ACTIONS: usize = 7;

/// The maximum length of a label, in characters.
const MAX_LABEL_CHARS: usize = 80;

fn is_label_letter(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'
}

/// Whether a text is the twelve digits of an account.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// The policy document after a change; an empty text if no statement is left.
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
    if label.len() > MAX_LABEL_CHARS || !label.chars().all(is_label_letter) {
        return Err(invalid(&format!(
            "Value {label} for parameter Label is invalid. Reason: Can only include alphanumeric characters, hyphens, or underscores. 1 to {MAX_LABEL_CHARS} in length."
        )));
    }
    if let Some(account) = account_ids.iter().find(|account| !is_account(account)) {
        return Err(invalid(&format!(
            "Value [{account}] for parameter PrincipalId is invalid. Reason: Unable to verify."
        )));
    }
    if actions.len() > MAX_ACTIONS {
        return Err(QueueError::TooManyActions(actions.len(), MAX_ACTIONS).into());
    }
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

/// AWS writes a list of one item as that item.
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

    #[test]
    fn a_permission_names_accounts_actions_and_a_label_that_aws_takes() {
        let add = |label: &str, account: &str, actions: &[&str]| {
            let change = PermissionChange::Add {
                label: label.to_owned(),
                account_ids: vec![account.to_owned()],
                actions: actions.iter().map(|&action| action.to_owned()).collect(),
            };
            changed(None, "arn:q", &change).map_err(|refused| refused.to_string())
        };
        let (account, send) = ("111122223333", &["SendMessage"]);
        assert!(add("team_a-1", account, send).is_ok());
        for (label, account, actions, why) in [
            ("team a", account, &send[..], "parameter Label is invalid"),
            (
                "a",
                "abc",
                send,
                "Value [abc] for parameter PrincipalId is invalid. Reason: Unable to verify.",
            ),
            (
                "a",
                account,
                &["Fly"],
                "Value SQS:Fly for parameter ActionName is invalid",
            ),
            (
                "a",
                account,
                &["SendMessage"; 8],
                "8 Actions were found, maximum allowed is 7.",
            ),
        ] {
            let refused = add(label, account, actions).unwrap_err();
            assert!(refused.contains(why), "{refused}");
        }
    }
}
