//! The table of permits: one item for each target, which every start and every answer writes under a condition, and the
//! attempts of calls that failed at least once.

use serde_json::json;

use crate::document::Template;

/// Its logical id.
pub(crate) const ID: &str = "PermitsTable";

pub(crate) fn add(template: &mut Template) {
    template.resource(
        ID,
        "Leases of calls in flight, windows and lane counters: one item for each target, at most 4 KiB. It outlives the \
         stack, for what it counts the vendor counts too.",
        json!({
            "Type": "AWS::DynamoDB::Table",
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{ "AttributeName": "id", "AttributeType": "S" }],
                "KeySchema": [{ "AttributeName": "id", "KeyType": "HASH" }],
                "TimeToLiveSpecification": { "AttributeName": "expires_at", "Enabled": true },
                "PointInTimeRecoverySpecification": { "PointInTimeRecoveryEnabled": true },
            },
        }),
    );
}
