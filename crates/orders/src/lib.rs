//! What a person orders for a target's workers on AWS while they run: pauses, and limits that are lower than configured.
//!
//! Orders are in the target's shared item, beside the state of the gate. The command line writes them and thereby raises the
//! version of the item, so whoever decides next finds its copy outdated, reads the item again, and follows them. That makes
//! this the contract between the command line and the worker, and therefore a crate of its own. It is pure; each of the two
//! reads and writes the item in its own way.
//!
//! A limit is only ever lowered here. A higher one may need a larger item, more concurrency, more memory: that is a deployment.

use rampmeter_dispatch::{Gate, Limit, Priority, Rules, Scope};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The maximum length of a reason or a name, in characters: the item is written with every start.
pub const MAX_CHARS: usize = 120;

/// All orders of a target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// What is paused, each target or lane once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pauses: Vec<Pause>,
    /// Limits that are lowered, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    limits: Vec<LowerLimit>,
}

/// A pause of a target or of one of its lanes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The lane; none for the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Priority>,
    /// Who ordered it, when and why.
    #[serde(flatten)]
    pub given: Given,
}

/// A limit that is lower than the configuration says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LowerLimit {
    /// The limit.
    pub name: String,
    /// Its maximum.
    pub max: u64,
    /// Who ordered it, when and why.
    #[serde(flatten)]
    pub given: Given,
}

/// Who gave an order, when and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Milliseconds since the epoch.
    pub at: i64,
    /// A person or a program, as it names itself.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// An order that cannot be given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// There is no such limit.
    #[error("the target has no limit {0:?}")]
    NoLimit(String),
    /// It would allow more than the configuration.
    #[error("{name} is {configured} in the configuration, and only a deployment allows more")]
    Higher {
        /// The limit.
        name: String,
        /// What the configuration says.
        configured: u64,
    },
    /// The limit cannot be so low.
    #[error("{name} cannot be {max}: {why}")]
    TooLow {
        /// The limit.
        name: String,
        /// What was asked for.
        max: u64,
        /// Why not.
        why: String,
    },
}

/// A text that holds no orders.
#[derive(Debug, Error)]
#[error("the orders cannot be read: {0}")]
pub struct Unreadable(#[from] serde_json::Error);

impl Given {
    /// An order that is given at this time, with its texts cut to what the item has room for.
    #[must_use]
    pub fn new(at: i64, by: &str, reason: &str) -> Given {
        let cut = |text: &str| text.chars().take(MAX_CHARS).collect();
        Given {
            at,
            by: cut(by),
            reason: cut(reason),
        }
    }
}

impl Orders {
    /// Reads orders from the form in which the item holds them.
    ///
    /// # Errors
    /// If the text cannot be read. Whoever cannot read the orders must not go on as if
    /// there were none.
    pub fn read(text: &str) -> Result<Orders, Unreadable> {
        Ok(serde_json::from_str(text)?)
    }

    /// The form in which the item holds them; none if there are none.
    ///
    /// # Panics
    /// Never: they are plain data.
    #[must_use]
    pub fn to_text(&self) -> Option<String> {
        let is_empty = self.pauses.is_empty() && self.limits.is_empty();
        (!is_empty).then(|| serde_json::to_string(self).expect("orders are plain data"))
    }

    /// What is paused.
    #[must_use]
    pub fn pauses(&self) -> &[Pause] {
        &self.pauses
    }

    /// What is lowered.
    #[must_use]
    pub fn limits(&self) -> &[LowerLimit] {
        &self.limits
    }

    /// Pauses the target, or one of its lanes; an existing pause gets the new reason.
    pub fn pause(&mut self, lane: Option<Priority>, given: Given) {
        self.resume(lane);
        self.pauses.push(Pause { lane, given });
    }

    /// Ends the pause of the target or of one lane. Returns whether there was one.
    pub fn resume(&mut self, lane: Option<Priority>) -> bool {
        let before = self.pauses.len();
        self.pauses.retain(|pause| pause.lane != lane);
        self.pauses.len() < before
    }

    /// The pause that stops a lane, the target's first.
    #[must_use]
    pub fn pause_of(&self, lane: Priority) -> Option<&Pause> {
        let of = |wanted: Option<Priority>| self.pauses.iter().find(|pause| pause.lane == wanted);
        of(None).or_else(|| of(Some(lane)))
    }

    /// Lowers a limit of these rules, which are the configured ones. A maximum equal to the
    /// configured one ends the order.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn lower(
        &mut self,
        configured: &Rules,
        name: &str,
        max: u64,
        given: Given,
    ) -> Result<(), Refused> {
        let limit = configured.limits.iter().find(|limit| limit.name == name);
        let limit = limit.ok_or_else(|| Refused::NoLimit(name.to_owned()))?;
        if max > limit.max() {
            return Err(Refused::Higher {
                name: name.to_owned(),
                configured: limit.max(),
            });
        }
        lowered(configured, limit, max).map_err(|why| Refused::TooLow {
            name: name.to_owned(),
            max,
            why,
        })?;
        self.reset(name);
        if max < limit.max() {
            let name = name.to_owned();
            self.limits.push(LowerLimit { name, max, given });
        }
        Ok(())
    }

    /// Ends the lowering of a limit. Returns whether it was lowered.
    pub fn reset(&mut self, name: &str) -> bool {
        let before = self.limits.len();
        self.limits.retain(|limit| limit.name != name);
        self.limits.len() < before
    }

    /// The rules to follow: the configured ones, with the lowered limits. An order that the configuration has overtaken
    /// (its limit is gone, or lower by now) changes nothing.
    #[must_use]
    pub fn rules(&self, configured: &Rules) -> Rules {
        let mut rules = configured.clone();
        for order in &self.limits {
            let found = rules
                .limits
                .iter()
                .position(|limit| limit.name == order.name);
            let Some(at) = found else { continue };
            if order.max < rules.limits[at].max()
                && let Ok(lower) = lowered(&rules, &rules.limits[at], order.max)
            {
                rules.limits[at] = lower;
            }
        }
        rules
    }

    /// Sets the pauses of a gate to these and no others: nothing else pauses it here.
    pub fn hold(&self, gate: &mut Gate) {
        let lanes = Priority::ALL.map(Some);
        for lane in [None].into_iter().chain(lanes) {
            let scope = lane.map_or(Scope::Target, Scope::Lane);
            if self.pauses.iter().any(|pause| pause.lane == lane) {
                gate.pause(scope);
            } else {
                gate.resume(scope);
            }
        }
    }
}

/// A limit with a lower maximum, if these rules are valid with it; otherwise why not.
fn lowered(rules: &Rules, limit: &Limit, max: u64) -> Result<Limit, String> {
    let lower = limit.with_max(max).map_err(|error| error.to_string())?;
    let alone = Rules {
        limits: vec![lower.clone()],
        max_deferrals: rules.max_deferrals,
        ..Rules::default()
    };
    alone.validate().map_err(|error| error.to_string())?;
    Ok(lower)
}

#[cfg(test)]
mod tests;
