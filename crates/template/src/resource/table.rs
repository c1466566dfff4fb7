//! The table of permits: one item for each target, which every start and every answer updates by a conditional write,
//! and the attempts of calls that failed at least once.

use serde_json::json;

use super::KEPT;
use super::encryption::TABLE_KEY;
use super::parameter::PROTECT_TABLE;
use crate::document::{Template, either, reference, sub};
use crate::permits_table;

/// Its logical id.
pub(crate) const ID: &str = "PermitsTable";

pub(crate) fn add(template: &mut Template) {
    let by_its_key = json!({
        "SSEEnabled": true, "SSEType": "KMS", "KMSMasterKeyId": reference(TABLE_KEY.parameter),
    });
    template.resource(
        ID,
        "Leases of calls in flight, windows and lane counters: one item for each target, at most 4 KiB. It outlives the \
         stack, for what it counts the vendor counts too.",
        json!({
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": KEPT,
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "TableName": sub(permits_table("${AWS::StackName}")),
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
                "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
                "TimeToLiveSpecification": { "AttributeName": "expires_at", "Enabled": true },
                "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
                "DeletionProtectionEnabled": reference(PROTECT_TABLE),
                "SSESpecification": either(TABLE_KEY.condition, by_its_key, reference("AWS::NoValue")),
            },
        }),
    );
}
