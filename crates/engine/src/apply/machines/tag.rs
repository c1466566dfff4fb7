//! TagResource and UntagResource.

use rampmeter_store::TransactionError;
use rampmeter_store::model::arn;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::version::ResourceTags;

use crate::apply::machines::context::MachineContext;

/// AWS's quota of tags on one resource.
const MAX_TAGS: usize = 50;

impl MachineContext<'_> {
    pub(crate) fn change_tags(
        &mut self,
        arn: &str,
        change: ResourceTags,
    ) -> Result<(), TransactionError> {
        let of = arn::tagged(arn)?;
        let Some(mut tags) = self.store.machines.tags(of)? else {
            return Err(Rejected::ResourceNotFound(arn.to_owned()).into());
        };
        match change {
            ResourceTags::Set(set) => tags.extend(set),
            ResourceTags::Remove(keys) => tags.retain(|key, _| !keys.contains(key)),
        }
        if tags.len() > MAX_TAGS {
            return Err(Rejected::TooManyTags(arn.to_owned()).into());
        }
        self.store.machines.set_tags(of, &tags)?;
        Ok(())
    }
}
