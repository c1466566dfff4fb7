//! What a test shows of the iterations of a Map state: the input that each would have. They are made as
//! the iterations would make them, and only as many as can be shown.

use serde_json::Value;

use super::Run;
use super::failure::Failure;
use crate::execution::frame::Shared;
use crate::execution::probe::Stage;
use crate::model::machine::{MapBody, State};
use rampmeter_expression::Payload;

/// Iterations whose inputs are shown; a test of a larger Map shows none.
const MAX_SHOWN_ITERATIONS: usize = 1_000;
/// Their size together, in bytes of JSON text: AWS's limit on data.
const MAX_SHOWN_BYTES: usize = 262_144;

impl Run<'_, '_> {
    /// Shows what `ItemSelector` and `ItemBatcher` make of the items. What fails in them fails the state.
    pub(super) fn show_iterations(
        &mut self,
        state: &State,
        map: &MapBody,
        input: &Payload,
        items: &Payload,
    ) -> Result<(), Failure> {
        let total = items.value().as_array().map_or(0, Vec::len);
        if total > MAX_SHOWN_ITERATIONS {
            return Ok(());
        }
        if let Some(template) = &map.item_selector {
            let mut selected = Shown::default();
            for index in (0..u32::MAX).take(total) {
                self.item = Some((index, items.clone()));
                let made = self.fill_any(state, template, input)?;
                if !selected.add(&made) {
                    self.item = None;
                    return Ok(());
                }
            }
            self.item = None;
            self.show(Stage::AfterItemSelector, &selected.all());
        }
        if let Some(distributed) = map.distributed.as_ref().filter(|map| map.batcher.is_some()) {
            let children = self.batches(state, map, distributed, input, items.clone())?;
            let total = children.value().as_array().map_or(0, Vec::len);
            self.frame.shared = Some(Shared {
                input: input.clone(),
                items: Some(children),
                event: 0,
                map_run: None,
            });
            let mut batches = Shown::default();
            for index in (0..u32::MAX).take(total) {
                let made = self.item_input(index)?;
                if !batches.add(&made) {
                    return Ok(());
                }
            }
            self.show(Stage::AfterItemBatcher, &batches.all());
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
