//! The X-Ray header with which a message was sent: the trace to which its call belongs. Pure. What X-Ray is told of a
//! traced call is made in `xray::segment`; `daemon` sends it.
//!
//! The form is AWS's: fields `NAME=VALUE` with `;` between them.
//! <https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>

use std::fmt;

/// The HTTP header of a request that belongs to a trace: `X-Amzn-Trace-Id`.
pub(crate) const HEADER: &str = "x-amzn-trace-id";
/// The longest header that is read, in bytes. AWS's own have less than 200.
const MAX_HEADER_CHARS: usize = 1_024;

const ROOT: &str = "Root";
const PARENT: &str = "Parent";
const SAMPLED: &str = "Sampled";

/// A segment's id: 64 bits, written as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SegmentId(pub(crate) u64);

impl fmt::Display for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A trace header. Fields that are not ours are kept in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TraceHeader {
    fields: Vec<(String, String)>,
}

impl TraceHeader {
    /// Reads a header. `None`: it is malformed, and its call is treated as having none.
    pub(crate) fn parse(text: &str) -> Option<TraceHeader> {
        if text.len() > MAX_HEADER_CHARS || !text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        {
            return None;
        }
        let mut fields: Vec<(String, String)> = Vec::new();
        for field in text.split(';').map(str::trim) {
            if field.is_empty() {
                continue;
            }
            let (name, value) = field.split_once('=')?;
            let good = match name {
                ROOT => is_trace_id(value),
                PARENT => is_hex(value, 16),
                SAMPLED => matches!(value, "0" | "1" | "?"),
                _ => !name.is_empty(),
            };
            if !good || fields.iter().any(|(have, _)| have == name) {
                return None;
            }
            fields.push((name.to_owned(), value.to_owned()));
        }
        let header = TraceHeader { fields };
        header.field(ROOT)?;
        Some(header)
    }

    /// The trace's id.
    pub(crate) fn id(&self) -> &str {
        self.field(ROOT).expect("a header without it is not read")
    }

    /// The segment that sent the message.
    pub(crate) fn parent(&self) -> Option<&str> {
        self.field(PARENT)
    }

    /// Whether the trace is recorded.
    pub(crate) fn is_sampled(&self) -> bool {
        self.field(SAMPLED) == Some("1")
    }

    /// The header of what this segment sends.
    pub(crate) fn under(&self, segment: SegmentId) -> TraceHeader {
        let mut fields = self.fields.clone();
        let parent = (PARENT.to_owned(), segment.to_string());
        match fields.iter().position(|(name, _)| name == PARENT) {
            Some(place) => fields[place] = parent,
            None => {
                let root = fields.iter().position(|(name, _)| name == ROOT);
                fields.insert(root.map_or(0, |place| place + 1), parent);
            }
        }
        TraceHeader { fields }
    }

    fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(have, _)| have == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (name, value)) in self.fields.iter().enumerate() {
            let between = if place == 0 { "" } else { ";" };
            write!(f, "{between}{name}={value}")?;
        }
        Ok(())
    }
}

/// `1-`, eight hexadecimal digits of the time, `-`, 24 random ones.
fn is_trace_id(text: &str) -> bool {
    let mut parts = text.split('-');
    parts.next() == Some("1")
        && parts.next().is_some_and(|time| is_hex(time, 8))
        && parts.next().is_some_and(|random| is_hex(random, 24))
        && parts.next().is_none()
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
