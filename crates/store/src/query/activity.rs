//! DescribeActivity and ListActivities.

use crate::machine::activity::all_activities;
use crate::machine::activity::find_activity;
use crate::model::activity::ActivityDescription;
use crate::model::arn;
use crate::model::rejected::Rejected;
use crate::query::Reader;

impl Reader {
    /// Every activity, oldest first.
    pub fn activities(&self) -> Result<Vec<ActivityDescription>, Rejected> {
        self.with(|connection| {
            let rows = all_activities(connection)?;
            Ok(rows
                .into_iter()
                .map(|row| row.describe(&self.place))
                .collect())
        })
    }

    /// DescribeActivity.
    pub fn describe_activity(&self, arn: &str) -> Result<ActivityDescription, Rejected> {
        let name = arn::activity_name(arn)?;
        self.with(|connection| {
            let found = find_activity(connection, name)?;
            found
                .map(|row| row.describe(&self.place))
                .ok_or_else(|| Rejected::ActivityDoesNotExist(arn.to_owned()).into())
        })
    }
}
