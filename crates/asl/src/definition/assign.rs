//! `Assign` of a state, a catcher or a choice rule: names of variables and the templates of their values.

use super::object::Object;
use rampmeter_expression::Template;
use rampmeter_expression::jsonata;

/// The longest name of a variable, in characters.
const NAME_LIMIT: usize = 80;

/// The one name that AWS reserves.
const RESERVED: &str = "states";

/// The variables that `Assign` in this object gives, as one template of an object.
pub(super) fn variables(object: &Object<'_>) -> Option<Template> {
    let listed = object.object("Assign")?;
    for field in listed.names() {
        let name = field.strip_suffix(".$").unwrap_or(field);
        if let Some(why) = fault(name) {
            listed.fault_at(field, why);
        }
    }
    object.template("Assign")
}

/// The same in JSONata, where a name is only a name.
pub(super) fn jsonata_variables(object: &Object<'_>, place: &str) -> Option<jsonata::Template> {
    let listed = object.object("Assign")?;
    for name in listed.names() {
        if let Some(why) = fault(name) {
            listed.fault_at(name, why);
        }
    }
    object.jsonata("Assign", place)
}

/// What is wrong with the name of a variable.
fn fault(name: &str) -> Option<String> {
    if name == RESERVED {
        return Some(format!("The variable name '{name}' is reserved"));
    }
    let is_start = |char: char| char == '_' || char.is_alphabetic();
    let is_part = |char: char| char == '_' || char.is_alphanumeric();
    let is_sound = name.starts_with(is_start)
        && name.chars().all(is_part)
        && name.chars().count() <= NAME_LIMIT;
    (!is_sound).then(|| {
        format!(
            "'{name}' is no name of a variable: a letter or '_', then letters, digits and '_', at \
             most {NAME_LIMIT} characters, and no path into a variable"
        )
    })
}
