//! CreateStateMachineAlias, UpdateStateMachineAlias and DeleteStateMachineAlias, and which version an alias sends an
//! execution to.

use rampmeter_store::model::arn;
use rampmeter_store::model::arn::Qualifier;
use rampmeter_store::model::id::MachineId;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::version::{
    AliasDescription, CreateAlias, Route, StoredRoute, UpdateAlias, VersionNumber,
};
use rampmeter_store::{AliasRow, TransactionError};
use rampmeter_time::UnixMillis;

use crate::apply::machines::context::MachineContext;
use crate::apply::subject::Subject;

/// AWS's quota of aliases of one state machine.
const MAX_ALIASES: usize = 100;

/// The weights of an alias add up to this.
const WHOLE: i64 = 100;

impl MachineContext<'_> {
    pub(crate) fn create_alias(
        &mut self,
        create: CreateAlias,
    ) -> Result<AliasDescription, TransactionError> {
        let checked = self.check_routes(&create.routes)?;
        let machine_arn = self.arns.machine_arn(&checked.name);
        if let Some(existing) = self.store.machines.alias(checked.machine, &create.name)? {
            let same =
                existing.description == create.description && existing.routes == checked.routes;
            if !same {
                let why = "Failed to create alias because an alias with the same name and a different routing configuration already exists.";
                return Err(Rejected::Conflict(why.to_owned()).into());
            }
            return Ok(existing.describe(&machine_arn));
        }
        if self.store.machines.aliases(checked.machine)?.len() >= MAX_ALIASES {
            return Err(Rejected::QuotaExceeded(format!(
                "A state machine can have at most {MAX_ALIASES} aliases."
            ))
            .into());
        }
        let now = self.now_millis();
        let row = AliasRow {
            name: create.name,
            description: create.description,
            routes: checked.routes,
            created_at: now,
            updated_at: now,
        };
        self.store.machines.put_alias(checked.machine, &row)?;
        Ok(row.describe(&machine_arn))
    }

    pub(crate) fn update_alias(
        &mut self,
        update: UpdateAlias,
    ) -> Result<UnixMillis, TransactionError> {
        let found = self.find_alias(&update.arn)?;
        let (machine, mut row) = found.ok_or(Rejected::NoSuchReference)?;
        if let Some(routes) = &update.routes {
            let checked = self.check_routes(routes)?;
            if checked.machine != machine {
                return Err(foreign(routes).into());
            }
            row.routes = checked.routes;
        }
        if update.description.is_some() {
            row.description = update.description;
        }
        row.updated_at = self.now_millis();
        self.store.machines.put_alias(machine, &row)?;
        Ok(row.updated_at)
    }

    /// Deletes an alias; one that does not exist is deleted already.
    pub(crate) fn delete_alias(&mut self, arn: &str) -> Result<(), TransactionError> {
        let found = self.find_alias(arn)?;
        if let Some((machine, row)) = found {
            self.store.machines.delete_alias(machine, &row.name)?;
        }
        Ok(())
    }

    fn find_alias(&self, arn: &str) -> Result<Option<(MachineId, AliasRow)>, TransactionError> {
        let reference = arn::machine(arn)?;
        let Some(Qualifier::Alias(name)) = reference.qualifier else {
            return Err(Rejected::InvalidArn(arn.to_owned()).into());
        };
        let Some(found) = self.store.machines.newest_revision(reference.name)? else {
            return Ok(None);
        };
        let row = self.store.machines.alias(found.machine, name)?;
        Ok(row.map(|row| (found.machine, row)))
    }

    /// The versions that routes name, which must exist and belong to one state machine.
    fn check_routes(&self, routes: &[Route]) -> Result<Checked, TransactionError> {
        let mut checked: Option<Checked> = None;
        for route in routes {
            let reference = arn::machine(&route.version_arn)?;
            let Some(Qualifier::Version(version)) = reference.qualifier else {
                return Err(foreign(routes).into());
            };
            let found = self.store.machines.newest_revision(reference.name)?;
            let machine = found.map(|row| row.machine);
            let exists = match machine {
                Some(machine) => self.store.machines.version(machine, version)?.is_some(),
                None => false,
            };
            let (Some(machine), true) = (machine, exists) else {
                return Err(foreign(routes).into());
            };
            let checked = checked.get_or_insert_with(|| Checked {
                machine,
                name: reference.name.to_owned(),
                routes: Vec::new(),
            });
            if checked.machine != machine {
                return Err(foreign(routes).into());
            }
            checked.routes.push(StoredRoute {
                version,
                weight: route.weight,
            });
        }
        checked.ok_or_else(|| foreign(routes).into())
    }
}

/// Routes that were checked, and the state machine whose versions they name.
struct Checked {
    machine: MachineId,
    name: String,
    routes: Vec<StoredRoute>,
}

fn foreign(routes: &[Route]) -> Rejected {
    let arns: Vec<&str> = routes
        .iter()
        .map(|route| route.version_arn.as_str())
        .collect();
    Rejected::Validation(format!(
        "Routing configuration must contain state machine version ARNs. Received: [{}]",
        arns.join(", ")
    ))
}

/// The version that the next execution goes to.
pub(crate) fn pick(routes: &[StoredRoute]) -> Option<VersionNumber> {
    let random = getrandom::u64().expect("the operating system gives random bytes");
    route(routes, random)
}

/// The version that an execution goes to, by the weights. `random` is 64 random bits.
fn route(routes: &[StoredRoute], random: u64) -> Option<VersionNumber> {
    let point = i64::try_from(random % WHOLE.unsigned_abs()).unwrap_or(0);
    let mut reached = 0;
    let hit = routes.iter().find(|route| {
        reached += route.weight;
        point < reached
    });
    hit.or(routes.last()).map(|route| route.version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_divide_the_executions() {
        let routes = [(1, 25), (2, 75)].map(|(version, weight)| StoredRoute { version, weight });
        let first = (0..100).filter(|random| route(&routes, *random) == Some(1));
        assert_eq!(first.count(), 25);
        let none = [(1, 0), (2, 100)].map(|(version, weight)| StoredRoute { version, weight });
        assert!((0..100).all(|random| route(&none, random) == Some(2)));
        assert_eq!(route(&[], 7), None);
    }
}
