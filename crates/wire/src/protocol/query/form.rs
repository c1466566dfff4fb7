//! A form, `application/x-www-form-urlencoded`, from the URL and from the body of one request: names and values, each
//! name once. What the names mean is left to `members`.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use crate::protocol::error::WireError;

/// Most parameters of one request. Ten messages with ten attributes of three parameters each need 400.
const MAX_MEMBERS: usize = 2_000;

/// The parameters of one request of the Query protocol.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form {
    parameters: BTreeMap<String, String>,
}

impl Form {
    /// Adds the parameters of a text such as `Action=SendMessage&MessageBody=x`.
    ///
    /// # Errors
    /// `MalformedQueryString` for what is not UTF-8, for a repeated name, and for too many parameters.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), WireError> {
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name)?;
            if self.parameters.len() >= MAX_MEMBERS {
                return Err(malformed(&format!("more than {MAX_MEMBERS} parameters")));
            }
            let value = decoded(value)?;
            if self.parameters.insert(name, value).is_some() {
                return Err(malformed("a parameter is there twice"));
            }
        }
        Ok(())
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// Gives a parameter this value unless it already has one.
    pub(crate) fn fill(&mut self, name: &str, value: &str) {
        self.parameters
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
    }

    /// The names of the elements of a list, in their order: `NAME` itself where there is a parameter `NAME` or
    /// `NAME.…` without a number, as some clients write a list of one, and `NAME.N` for each number N.
    pub(super) fn elements(&self, name: &str) -> Vec<String> {
        let start = format!("{name}.");
        let mut numbers: Vec<u32> = Vec::new();
        let mut unnumbered = self.parameters.contains_key(name);
        let below = self.parameters.range(start.clone()..);
        for rest in below.map_while(|(name, _)| name.strip_prefix(&start)) {
            match rest.split('.').next().map(str::parse) {
                Some(Ok(number)) => numbers.push(number),
                _ => unnumbered = true,
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        let alone = unnumbered.then(|| name.to_owned());
        let numbered = numbers.iter().map(|number| format!("{name}.{number}"));
        alone.into_iter().chain(numbered).collect()
    }
}

fn decoded(text: &str) -> Result<String, WireError> {
    let spaces = text.replace('+', " ");
    percent_decode_str(&spaces)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| malformed("it is not UTF-8"))
}

fn malformed(why: &str) -> WireError {
    WireError::new(
        "MalformedQueryString",
        format!("The query string cannot be read: {why}."),
    )
}
