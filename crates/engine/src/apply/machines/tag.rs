//! TagResource and UntagResource.

use rampmeter_store::StoreError;
use rampmeter_store::model::arn;
use rampmeter_store::model::rejected::Rejected;
use rampmeter_store::model::version::ResourceTags;

use crate::apply::turn::Turn;

/// AWS's quota of tags on one resource.
const MOST: usize = 50;

impl Turn<'_> {
    pub(crate) fn change_tags(
        &mut self,
        arn: &str,
        change: ResourceTags,
    ) -> Result<Result<(), Rejected>, StoreError> {
        let of = match arn::tagged(arn) {
            Ok(of) => of,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(mut tags) = self.store().tags(of)? else {
            return Ok(Err(Rejected::ResourceNotFound(arn.to_owned())));
        };
        match change {
            ResourceTags::Set(set) => tags.extend(set),
            ResourceTags::Remove(keys) => tags.retain(|key, _| !keys.contains(key)),
        }
        if tags.len() > MOST {
            return Ok(Err(Rejected::TooManyTags(arn.to_owned())));
        }
        self.store().set_tags(of, &tags)?;
        Ok(Ok(()))
    }
}
