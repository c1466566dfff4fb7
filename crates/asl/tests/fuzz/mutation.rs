//! Definitions that are nearly right: a seed with a few of its values changed, moved or cut.

use serde_json::Value;

use crate::words;

/// The definitions that are changed.
pub(crate) fn seeds() -> Vec<Value> {
    [
        include_str!("seeds/everything.asl.json"),
        include_str!("seeds/jsonata.asl.json"),
        include_str!("seeds/callback.asl.json"),
    ]
    .iter()
    .map(|text| serde_json::from_str(text).expect("a seed is JSON"))
    .collect()
}

/// A seed with up to four changes that the input encodes: four bytes each, where, how, and with what.
pub(crate) fn definition(seeds: &[Value], input: &[u8]) -> Value {
    let first = input.first().copied().unwrap_or(0);
    let mut definition = seeds[usize::from(first) % seeds.len()].clone();
    for change in input
        .get(1..)
        .unwrap_or_default()
        .chunks_exact(4)
        .take(usize::from(first / 16 % 5))
    {
        let nodes = count(&definition);
        let wanted = usize::from(u16::from_be_bytes([change[0], change[1]])) % nodes;
        let other = part(&definition, usize::from(change[3]) % nodes);
        if let Some(node) = node_at(&mut definition, &mut wanted.clone()) {
            *node = changed(node, change[2], change[3], other);
        }
    }
    definition
}

fn changed(node: &Value, how: u8, with: u8, other: Value) -> Value {
    let leaves = [
        Value::Null,
        Value::Bool(true),
        Value::from(0),
        Value::from(-1),
        Value::from(99_999_999),
        Value::from(1.5),
        Value::from(""),
        Value::from("$"),
        Value::from("$$.Task.Token"),
        Value::from("States.ALL"),
        Value::from("JSONata"),
        Value::from("{% $states.input %}"),
    ];
    match how % 6 {
        0 => leaves[usize::from(with) % leaves.len()].clone(),
        1 => Value::from(words::text("$", words::PATH, &[with, how])),
        2 => Value::from(words::text("States.", words::INTRINSIC, &[with, how])),
        3 => other,
        4 => Value::Array(vec![node.clone(); usize::from(with % 4)]),
        _ => match node {
            Value::Object(fields) => {
                let cut = usize::from(with) % (fields.len() + 1);
                let kept = fields.iter().enumerate().filter(|(index, _)| *index != cut);
                Value::Object(
                    kept.map(|(_, (name, value))| (name.clone(), value.clone()))
                        .collect(),
                )
            }
            Value::String(text) => Value::from(text.chars().rev().collect::<String>()),
            other => Value::Array(vec![other.clone()]),
        },
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        _ => 0,
    }
}

/// A copy of the node with this number, no deeper than keeps the whole small.
fn part(value: &Value, number: usize) -> Value {
    let mut copy = value.clone();
    let found = node_at(&mut copy, &mut number.clone()).map(|node| node.clone());
    found.filter(|node| count(node) < 64).unwrap_or(Value::Null)
}

fn node_at<'v>(value: &'v mut Value, left: &mut usize) -> Option<&'v mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| node_at(item, left)),
        Value::Object(fields) => fields.values_mut().find_map(|field| node_at(field, left)),
        _ => None,
    }
}
