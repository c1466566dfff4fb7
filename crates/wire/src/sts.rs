//! sts:GetCallerIdentity: which account this is and which credential asks. Tools call it before they begin.
//! <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>

use serde_json::{Value, json};

use crate::operation::Call;
use crate::protocol::error::WireError;

pub(crate) async fn get_caller_identity(call: Call) -> Result<Value, WireError> {
    let account = &call.site.account;
    // Without credentials callers cannot be told apart: everybody is the account itself.
    let (arn, user) = match call.caller.access_key_id() {
        None => (format!("arn:aws:iam::{account}:root"), account.clone()),
        Some(key) => (format!("arn:aws:iam::{account}:user/{key}"), key.to_owned()),
    };
    Ok(json!({ "Arn": arn, "UserId": user, "Account": account }))
}
