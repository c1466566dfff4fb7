//! What clients ask of versions, aliases and tags, as values on their way to the writer.

use rampmeter_store::model::version::{
    AliasDescription, CreateAlias, PublishVersion, ResourceTags, UpdateAlias, VersionDescription,
};
use rampmeter_time::UnixMillis;

use crate::command::Reply;

/// One request for a version, an alias or tags. A `String` is an ARN.
#[derive(Debug)]
pub(crate) enum VersionCommand {
    Publish(PublishVersion, Reply<VersionDescription>),
    Delete(String, Reply<()>),
    CreateAlias(CreateAlias, Reply<AliasDescription>),
    UpdateAlias(UpdateAlias, Reply<UnixMillis>),
    DeleteAlias(String, Reply<()>),
    ChangeTags(String, ResourceTags, Reply<()>),
}
