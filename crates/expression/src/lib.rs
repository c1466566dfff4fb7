//! The query languages of the Amazon States Language: JSONPath with payload templates and intrinsic functions, and
//! JSONata. Also the values they work on, and how much work an expression may do.
//!
//! Pure. No clock, file, socket, thread or random source: what an expression can see comes through a [`Scope`]. What
//! states do with the values is not here.

mod budget;
mod expression;
mod java_random;
mod java_text;
mod pattern;
mod scope;
mod selector;
mod template;

pub mod intrinsic;
pub mod json_problem;
pub mod jsonata;
pub mod number;
pub mod path;
pub mod payload;
pub mod timestamp;

pub use budget::{Budget, Effort, Exhausted, Reach, text_size};
pub use expression::{Expression, ExpressionError};
pub use payload::Payload;
pub use scope::Scope;
pub use selector::{Selector, SelectorError};
pub use template::{Template, TemplateError};
