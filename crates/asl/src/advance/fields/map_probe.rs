//! What a test shows of the iterations of a Map state: the input that each would have. They are made as
//! the iterations would make them, and only as many as can be shown.

use serde_json::Value;

use super::MapFields;
use crate::advance::failure::Failure;
use crate::execution::frame::Shared;
use crate::execution::items;
use crate::execution::probe::Stage;
use rampmeter_expression::Payload;

/// Iterations whose inputs are shown; a test of a larger Map shows none.
const MAX_SHOWN_ITERATIONS: usize = 1_000;
/// Their size together, in bytes of JSON text: AWS's limit on data.
const MAX_SHOWN_BYTES: usize = 262_144;

impl MapFields<'_, '_> {
    /// Shows what `ItemSelector` and `ItemBatcher` make of the items. What fails in them fails the state.
    pub(in crate::advance) fn show_iterations(
        &mut self,
        input: &Payload,
        items: &Payload,
    ) -> Result<(), Failure> {
        let total = items::count(items.value());
        if total > MAX_SHOWN_ITERATIONS {
            return Ok(());
        }
        if self.map.item_selector.is_some() {
            let mut selected = Shown::default();
            for index in (0..u32::MAX).take(total) {
                if !selected.add(&self.selected(input, items, index)?) {
                    return Ok(());
                }
            }
            self.fields.show(Stage::AfterItemSelector, &selected.all());
        }
        let distributed = self.map.distributed.as_ref();
        if distributed.is_some_and(|map| map.batcher.is_some()) {
            let children = self.batches(input, items.clone())?;
            let total = items::count(children.value());
            let shared = Shared {
                input: input.clone(),
                items: Some(children),
                event: 0,
                map_run: None,
            };
            let mut batches = Shown::default();
            for index in (0..u32::MAX).take(total) {
                if !batches.add(&self.item_input(&shared, index)?) {
                    return Ok(());
                }
            }
            self.fields.show(Stage::AfterItemBatcher, &batches.all());
        }
        Ok(())
    }
}

/// Inputs that are collected to be shown.
#[derive(Default)]
struct Shown {
    inputs: Vec<Value>,
    size: usize,
}

impl Shown {
    /// Takes one more, if there is room.
    fn add(&mut self, input: &Payload) -> bool {
        self.size += input.len();
        self.inputs.push(input.value().clone());
        self.size <= MAX_SHOWN_BYTES
    }

    fn all(self) -> Payload {
        Payload::from_value(Value::Array(self.inputs))
    }
}
