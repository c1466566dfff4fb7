//! The items of a Map state: those of an array or, in a Distributed Map, the members of an object in their order.
//! Where the items come from is not here.

use serde_json::{Value, json};

/// One item.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Item<'v> {
    index: u32,
    /// The name of the member that it is, in an object.
    key: Option<&'v str>,
    pub(crate) value: &'v Value,
}

/// How many items there are.
pub(crate) fn count(items: &Value) -> usize {
    match items {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    }
}

/// The item at an index, counted from zero.
pub(crate) fn item(items: &Value, index: u32) -> Option<Item<'_>> {
    let at = usize::try_from(index).ok()?;
    let (key, value) = match items {
        Value::Array(items) => (None, items.get(at)?),
        Value::Object(members) => {
            let (key, value) = members.iter().nth(at)?;
            (Some(key.as_str()), value)
        }
        _ => return None,
    };
    Some(Item { index, key, value })
}

impl Item<'_> {
    /// `Map.Item` of the context object.
    pub(crate) fn in_context(&self) -> Value {
        let mut shown = json!({ "Index": self.index });
        if let Some(key) = self.key {
            shown["Key"] = json!(key);
        }
        shown["Value"] = self.value.clone();
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_of_an_object_are_items_with_keys() {
        let object = json!({ "b": 1, "a": [2] });
        assert_eq!(count(&object), 2);
        let shown = |index| item(&object, index).map(|item| item.in_context());
        assert_eq!(
            shown(0),
            Some(json!({ "Index": 0, "Key": "b", "Value": 1 }))
        );
        assert_eq!(
            shown(1),
            Some(json!({ "Index": 1, "Key": "a", "Value": [2] }))
        );
        assert_eq!(shown(2), None);
    }

    #[test]
    fn the_items_of_an_array_have_places_only() {
        let array = json!([7]);
        let shown = item(&array, 0).map(|item| item.in_context());
        assert_eq!(shown, Some(json!({ "Index": 0, "Value": 7 })));
        assert_eq!((count(&array), count(&json!("text"))), (1, 0));
    }
}
