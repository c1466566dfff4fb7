//! Versions and aliases of state machines: a version is a revision under a number that never changes; an alias routes
//! executions to one or two versions.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-cd-aliasing-versioning.html>

use std::collections::BTreeMap;

use rampmeter_time::UnixMillis;
use serde::{Deserialize, Serialize};

/// The number of a version, from 1. It is never given out twice, not even after a deletion.
pub type VersionNumber = i64;

/// PublishStateMachineVersion of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct PublishVersion {
    /// ARN of the state machine.
    pub state_machine_arn: String,
    /// If present, the revision to publish must be this one.
    pub revision_id: Option<String>,
    /// At most 256 characters.
    pub description: Option<String>,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionDescription {
    /// Its ARN: that of the state machine, and the number.
    pub arn: String,
    /// What it was published with.
    pub description: Option<String>,
    /// When it was created.
    pub creation_date: UnixMillis,
}

/// Where an alias sends a share of the executions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// ARN of the version.
    pub version_arn: String,
    /// Percentage of the executions.
    pub weight: i64,
}

/// CreateStateMachineAlias of AWS Step Functions.
#[derive(Debug, Clone)]
pub struct CreateAlias {
    /// 1 to 80 characters, not digits only.
    pub name: String,
    /// At most 256 characters.
    pub description: Option<String>,
    /// One or two routes.
    pub routes: Vec<Route>,
}

/// UpdateStateMachineAlias of AWS Step Functions: what is absent stays as it is.
#[derive(Debug, Clone)]
pub struct UpdateAlias {
    /// ARN of the alias.
    pub arn: String,
    /// The new description.
    pub description: Option<String>,
    /// The new routes.
    pub routes: Option<Vec<Route>>,
}

/// One alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AliasDescription {
    /// Its ARN: that of the state machine, and the name.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// The description it was given.
    pub description: Option<String>,
    /// Where it sends executions.
    pub routes: Vec<Route>,
    /// When it was created.
    pub creation_date: UnixMillis,
    /// When it was last changed.
    pub update_date: UnixMillis,
}

/// A route as the store keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRoute {
    /// The version.
    pub version: VersionNumber,
    /// Percentage of the executions.
    pub weight: i64,
}

/// One change of the tags of a state machine or an activity.
#[derive(Debug, Clone)]
pub enum ResourceTags {
    /// Sets these tags, by key.
    Set(BTreeMap<String, String>),
    /// Removes the tags with these keys.
    Remove(Vec<String>),
}
