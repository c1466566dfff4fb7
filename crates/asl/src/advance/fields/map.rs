//! The fields of a Map state: where its items come from, how many of its children may run and fail, and the input of
//! each child. Reading items from a file is not here.

use serde_json::{Map, Value};

use super::Fields;
use super::batch::{BatchLimits, into_batches};
use crate::advance::failure::Failure;
use crate::advance::host::Host;
use crate::execution::frame::{Frame, Shared};
use crate::execution::items;
use crate::execution::join::Tolerance;
use crate::execution::probe::Stage;
use crate::model::machine::{Batcher, Body, Flow, Items, MapBody, State};
use rampmeter_expression::Payload;

/// The fields of a Map state.
pub(in crate::advance) struct MapFields<'f, 'c> {
    pub(super) fields: Fields<'f, 'c>,
    pub(super) map: &'f MapBody,
}

/// The input of one child execution of the map run that a frame waits for.
pub(in crate::advance) fn child_input(
    state: &State,
    frame: &Frame,
    index: u32,
    host: &mut Host<'_, '_>,
) -> Result<Payload, Failure> {
    let (Body::Map(map), Some(shared)) = (&state.body, &frame.shared) else {
        return Err(Failure::without_parent());
    };
    let fields = Fields::at_rest(state, frame, host);
    MapFields { fields, map }.item_input(shared, index)
}

impl<'f, 'c> MapFields<'f, 'c> {
    pub(in crate::advance) fn of(fields: Fields<'f, 'c>, map: &'f MapBody) -> Self {
        Self { fields, map }
    }

    /// The items: those that a test says were read, otherwise those of `ItemsPath` or `Items`.
    pub(in crate::advance) fn items(&mut self, input: &Payload) -> Result<Payload, Failure> {
        let read = self
            .fields
            .probe
            .as_ref()
            .and_then(|probe| probe.items.clone());
        let items = match read {
            Some(items) => items,
            None => self.own_items(input)?,
        };
        if matches!(self.fields.state.flow, Flow::JsonPath(_)) {
            self.fields.show(Stage::AfterItemsPath, &items);
        }
        Ok(items)
    }

    fn own_items(&mut self, input: &Payload) -> Result<Payload, Failure> {
        let path = match &self.map.items {
            Items::Path(path) => path,
            Items::Query(template) => {
                let takes_objects = self.map.distributed.is_some();
                return self.fields.jsonata().items(template, input, takes_objects);
            }
            Items::Input if self.has_items(input) => return Ok(input.clone()),
            Items::Input => {
                let reason = format!(
                    "Map state input must be an array but was: {}",
                    input.value()
                );
                return Err(self.fields.jsonata().bad_input(&reason));
            }
        };
        let items = if path.is_input() {
            input.clone()
        } else {
            let found = self.fields.json_path().find(path, input);
            found.map(Payload::from_value)?
        };
        if self.has_items(&items) {
            return Ok(items);
        }
        // AWS names a path into the context object by what follows its first `$`.
        let text = path.text();
        let text = text.strip_prefix('$').filter(|rest| rest.starts_with('$'));
        Err(self.fields.runtime(&format!(
            "Reference path \"{}\" must point to array.",
            text.unwrap_or(path.text())
        )))
    }

    /// Whether a value has items: an array does, and for a Distributed Map an object does too.
    fn has_items(&self, value: &Payload) -> bool {
        let value = value.value();
        value.is_array() || (self.map.distributed.is_some() && value.is_object())
    }

    /// How many children may run at once.
    pub(in crate::advance) fn concurrency(
        &mut self,
        input: &Payload,
    ) -> Result<Option<u64>, Failure> {
        self.fields.count(&self.map.max_concurrency, input)
    }

    /// How many children may fail.
    pub(in crate::advance) fn tolerance(&mut self, input: &Payload) -> Result<Tolerance, Failure> {
        let count = self.fields.count(&self.map.tolerated_count, input)?;
        let percentage = &self.map.tolerated_percentage;
        Ok(Tolerance {
            count,
            percentage: self.fields.percentage(percentage, input)?,
        })
    }

    /// The input of an iteration: what `ItemSelector` makes of its item, otherwise the item.
    pub(in crate::advance) fn iteration_input(
        &mut self,
        shared: &Shared,
    ) -> Result<Payload, Failure> {
        match &self.map.item_selector {
            Some(template) => self.fields.fill(template, &shared.input),
            None => item(shared, self.fields.frame.index).map(Payload::from_value),
        }
    }

    /// What the child executions work on: the items, or batches of them as they were selected.
    pub(in crate::advance) fn batches(
        &mut self,
        input: &Payload,
        items: Payload,
    ) -> Result<Payload, Failure> {
        let Some(batcher) = self.batcher() else {
            return Ok(items);
        };
        let limits = self.batch_limits(batcher, input)?;
        let selected = self.select_all(input, &items)?;
        Ok(Payload::from_value(into_batches(selected, limits)))
    }

    fn batcher(&self) -> Option<&'f Batcher> {
        let distributed = self.map.distributed.as_ref();
        distributed.and_then(|map| map.batcher.as_ref())
    }

    fn batch_limits(&mut self, batcher: &Batcher, input: &Payload) -> Result<BatchLimits, Failure> {
        let items = self.fields.count(&batcher.max_items, input)?;
        let bytes = self.fields.count(&batcher.max_bytes, input)?;
        if items == Some(0) || bytes == Some(0) {
            return Err(self
                .fields
                .runtime("The limits of ItemBatcher must be positive."));
        }
        let around = match &batcher.batch_input {
            None => 0,
            Some(template) => self.fields.fill(template, input)?.len() + r#","BatchInput":"#.len(),
        };
        let size = |most: Option<u64>| {
            most.and_then(|most| usize::try_from(most).ok())
                .unwrap_or(usize::MAX)
        };
        Ok(BatchLimits {
            items: size(items),
            bytes: size(bytes).saturating_sub(around),
        })
    }

    fn select_all(&mut self, input: &Payload, items: &Payload) -> Result<Vec<Value>, Failure> {
        (0..u32::MAX)
            .take(items::count(items.value()))
            .map(|index| Ok(self.selected(input, items, index)?.value().clone()))
            .collect()
    }

    /// What `ItemSelector` makes of one of the items, otherwise that item.
    pub(super) fn selected(
        &mut self,
        input: &Payload,
        items: &Payload,
        index: u32,
    ) -> Result<Payload, Failure> {
        let Some(template) = &self.map.item_selector else {
            return listed(items, index).map(Payload::from_value);
        };
        self.fields.item = Some((index, items.clone()));
        let selected = self.fields.fill(template, input);
        self.fields.item = None;
        selected
    }

    /// The input of a child execution: its batch, otherwise its item as it was selected.
    pub(super) fn item_input(&mut self, shared: &Shared, index: u32) -> Result<Payload, Failure> {
        let item = item(shared, index)?;
        let Some(batcher) = self.batcher() else {
            return match &shared.items {
                Some(items) => self.selected(&shared.input, items, index),
                None => Err(Failure::without_parent()),
            };
        };
        let mut batch = Map::new();
        if let Some(template) = &batcher.batch_input {
            let common = self.fields.fill(template, &shared.input)?;
            batch.insert("BatchInput".to_owned(), common.value().clone());
        }
        batch.insert("Items".to_owned(), item);
        self.fields
            .limited(Payload::from_value(Value::Object(batch)))
    }
}

fn item(shared: &Shared, index: u32) -> Result<Value, Failure> {
    let items = shared.items.as_ref().ok_or_else(Failure::without_parent)?;
    listed(items, index)
}

fn listed(items: &Payload, index: u32) -> Result<Value, Failure> {
    let item = items::item(items.value(), index).ok_or_else(Failure::without_parent)?;
    Ok(item.value.clone())
}
