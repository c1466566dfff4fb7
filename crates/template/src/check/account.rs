//! Whether the account has enough concurrent executions of functions; a new account may have only ten.

use rampmeter_config::Limiter;

use super::code::ACCOUNT_TOO_SMALL;
use super::{Finding, Subject};
use crate::deployment::Deployment;
use crate::worker::Shape;

/// The concurrency that Lambda keeps for functions that reserve none.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
const UNRESERVED: u32 = 100;
/// The consumers of what could not be delivered, for each target.
const CONSUMERS: u32 = 2;

/// The problem, if any, of a deployment into an account with so many concurrent executions.
pub(super) fn check(deployment: &Deployment<'_>, concurrency: u32) -> Option<Finding> {
    let limiter = deployment.config().aws.limiter;
    let workers = deployment.workers();
    let of_workers: Vec<u32> = workers
        .map(|target| Shape::of(target, limiter).concurrency)
        .collect();
    let (together, count) = (of_workers.iter().sum::<u32>(), of_workers.len());
    let place = Subject::keys(&["aws"]);
    match limiter {
        Limiter::Reserved if together + UNRESERVED > concurrency => {
            let message = format!(
                "the workers reserve {together} of the {concurrency} concurrent executions of the account, and Lambda keeps {UNRESERVED} unreserved"
            );
            let help = "ask for more (Service Quotas, \"Concurrent executions\"), or leave limiter out of [aws]: leases reserve nothing";
            Some(Finding::error(ACCOUNT_TOO_SMALL, place, message, help))
        }
        Limiter::Lease
            if together + CONSUMERS * u32::try_from(count).unwrap_or(u32::MAX) > concurrency =>
        {
            let message = format!(
                "the workers may use {together} concurrent executions, and the account has {concurrency}"
            );
            let help = "nothing is exceeded, but a target may wait for another's worker; ask for more (Service Quotas, \"Concurrent executions\"), and leave ReserveConcurrency at no";
            Some(Finding::warning(ACCOUNT_TOO_SMALL, place, message, help))
        }
        Limiter::Reserved | Limiter::Lease => None,
    }
}
