//! DescribeActivity and ListActivities.

use super::Reader;
use crate::activity::ActivityDescription;
use crate::arn::{self, Place};
use crate::rejected::Rejected;
use crate::store::{ActivityRow, all_activities, find_activity};

impl Reader {
    /// Every activity, oldest first.
    pub(crate) fn activities(&self) -> Result<Vec<ActivityDescription>, Rejected> {
        self.with(|connection| {
            let rows = all_activities(connection)?;
            Ok(Ok(rows
                .into_iter()
                .map(|row| row.describe(&self.place))
                .collect()))
        })
    }

    pub(crate) fn describe_activity(&self, arn: &str) -> Result<ActivityDescription, Rejected> {
        let name = arn::activity_name(arn)?;
        self.with(|connection| {
            let found = find_activity(connection, name)?;
            Ok(found
                .map(|row| row.describe(&self.place))
                .ok_or_else(|| Rejected::ActivityDoesNotExist(arn.to_owned())))
        })
    }
}

impl ActivityRow {
    /// The activity as clients see it.
    pub(crate) fn describe(self, place: &Place) -> ActivityDescription {
        ActivityDescription {
            arn: place.activity_arn(&self.name),
            // Written by ourselves; a damaged one is shown as absent.
            encryption: self
                .encryption
                .and_then(|text| serde_json::from_str(&text).ok()),
            name: self.name,
            creation_date: self.created_at,
        }
    }
}
