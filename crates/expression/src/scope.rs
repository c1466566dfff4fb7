//! What the expressions of a state can see. The host knows the execution; an expression knows only this.

use std::borrow::Cow;

use serde_json::Value;

use crate::budget::Budget;
use crate::path::{Missing, Path};
use crate::payload::Payload;

/// What an expression evaluates in.
pub trait Scope {
    /// The input of the state: `$` in JSONPath, `$states.input` in JSONata.
    fn input(&self) -> &Value;

    /// What a path points to, copied only where it must be.
    ///
    /// # Errors
    /// When it points to nothing, or the budget is used up.
    fn look(&self, path: &Path) -> Result<Cow<'_, Value>, Missing>;

    /// A copy of what a path points to.
    ///
    /// # Errors
    /// As [`Scope::look`].
    fn find(&self, path: &Path) -> Result<Value, Missing> {
        self.look(path).map(Cow::into_owned)
    }

    /// The document that a path was looked up in, as an error message shows it.
    fn searched(&self, path: &Path) -> String;

    /// The value of a variable, of the state's own scope or one around it.
    fn variable(&self, name: &str) -> Option<Payload>;

    /// The context object, as far as `may_reach` says that values below given names are read.
    fn context_object(&self, may_reach: &dyn Fn(&[&str]) -> bool) -> Value;

    /// 64 random bits.
    fn random(&mut self) -> u64;

    /// The time, in milliseconds since 1970.
    fn now(&self) -> i64;

    /// What the expressions of the state may still do.
    fn budget(&self) -> &Budget;
}
