//! Regular expressions that take linear time. They are written as in JavaScript and run by an engine without
//! backtracking; what only backtracking can match (lookaround, back references) is not a [`Pattern`].

use std::sync::Arc;

use regex::{Captures, Regex, RegexBuilder};
use regex_automata::Input;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::syntax;

/// The longest pattern, in bytes of its source.
pub(crate) const MAX_PATTERN_BYTES: usize = 4096;

/// How large a pattern may become when it is compiled, in bytes.
const MAX_COMPILED_BYTES: usize = 1024 * 1024;

/// A compiled regular expression.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    regex: Regex,
    /// Walks as far as the engine must search, to count it.
    walker: Arc<DFA>,
    source: String,
}

/// A pattern that this engine does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotLinear;

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.regex.as_str() == other.regex.as_str() && self.source == other.source
    }
}

impl Pattern {
    /// Reads a pattern that is searched for in a text. The flags are `i` and `m`; others change nothing here.
    pub(crate) fn find(source: &str, flags: &str) -> Result<Self, NotLinear> {
        Self::compile(source, &translated(source)?, flags)
    }

    /// Reads a pattern that a whole text must match.
    pub(crate) fn whole(source: &str, flags: &str) -> Result<Self, NotLinear> {
        Self::compile(source, &format!("^(?:{})$", translated(source)?), flags)
    }

    fn compile(source: &str, translated: &str, flags: &str) -> Result<Self, NotLinear> {
        let regex = RegexBuilder::new(translated)
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .size_limit(MAX_COMPILED_BYTES)
            .build()
            .map_err(|_| NotLinear)?;
        let syntax = syntax::Config::new()
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'));
        let walker = DFA::builder().syntax(syntax).build(translated);
        let walker = walker.map_err(|_| NotLinear)?;
        Ok(Self {
            regex,
            walker: Arc::new(walker),
            source: source.to_owned(),
        })
    }

    /// As written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is found in a text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// What [`Pattern::looks_at`] remembers from one search to the next.
    pub(crate) fn cache(&self) -> Cache {
        self.walker.create_cache()
    }

    /// How many bytes are examined to find it from a byte on. That can be far more than there are before the end
    /// of the match, and again for each match.
    pub(crate) fn looks_at(&self, text: &str, from: usize, cache: &mut Cache) -> usize {
        let rest = text.len().saturating_sub(from);
        let input = Input::new(text).span(from..text.len());
        let Ok(mut state) = self.walker.start_state_forward(cache, &input) else {
            return rest;
        };
        for (looked, byte) in text.as_bytes()[from..].iter().enumerate() {
            match self.walker.next_state(cache, state, *byte) {
                Ok(next) if !next.is_dead() => state = next,
                _ => return looked + 1,
            }
        }
        rest
    }

    /// Where it is found next, from a byte on.
    pub(crate) fn captures_at<'t>(&self, text: &'t str, from: usize) -> Option<Captures<'t>> {
        self.regex.captures_at(text, from)
    }
}

/// A JavaScript pattern in the syntax of the engine.
fn translated(source: &str) -> Result<String, NotLinear> {
    let mut result = String::with_capacity(source.len());
    let mut rest = source.chars().peekable();
    let mut in_class = false;
    while let Some(char) = rest.next() {
        match char {
            '\\' => escaped(
                rest.next().ok_or(NotLinear)?,
                in_class,
                &mut rest,
                &mut result,
            )?,
            '[' if !in_class => {
                in_class = true;
                result.push('[');
                if rest.next_if_eq(&'^').is_some() {
                    result.push('^');
                }
                // `[]` and `[^]` are nothing and anything in JavaScript, and not closed here.
                if rest.peek() == Some(&']') {
                    return Err(NotLinear);
                }
            }
            ']' if in_class => {
                in_class = false;
                result.push(']');
            }
            // These have a meaning within a class that they do not have in JavaScript.
            '[' | '&' | '~' if in_class => result.extend(['\\', char]),
            '.' if !in_class => result.push_str(r"[^\n\r\u{2028}\u{2029}]"),
            other => result.push(other),
        }
    }
    Ok(result)
}

fn escaped(
    char: char,
    in_class: bool,
    rest: &mut std::iter::Peekable<std::str::Chars<'_>>,
    result: &mut String,
) -> Result<(), NotLinear> {
    match char {
        'd' => result.push_str(if in_class { "0-9" } else { "[0-9]" }),
        'w' => result.push_str(if in_class {
            "0-9A-Za-z_"
        } else {
            "[0-9A-Za-z_]"
        }),
        'D' => result.push_str("[^0-9]"),
        'W' => result.push_str("[^0-9A-Za-z_]"),
        's' if in_class => result.push_str(r"\s\u{feff}"),
        's' => result.push_str(r"[\s\u{feff}]"),
        'S' => result.push_str(r"[^\s\u{feff}]"),
        'b' if in_class => result.push_str(r"\x08"),
        'b' => result.push_str(r"(?-u:\b)"),
        'B' if !in_class => return Err(NotLinear),
        'n' | 'r' | 't' | 'v' | 'f' | 'x' | 'p' | 'P' => result.extend(['\\', char]),
        '0' if !rest.peek().is_some_and(char::is_ascii_digit) => result.push_str(r"\x00"),
        'u' => {
            let digits: String = rest.by_ref().take(4).collect();
            let is_code =
                digits.len() == 4 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
            if !is_code {
                return Err(NotLinear);
            }
            result.push_str(&format!("\\u{{{digits}}}"));
        }
        other if other.is_ascii_punctuation() => {
            // To the engine, `\<` means the beginning of a word.
            if !"<>".contains(other) {
                result.push('\\');
            }
            result.push(other);
        }
        other if other.is_alphanumeric() => return Err(NotLinear),
        other => result.push(other),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_javascript_are_found_as_javascript_finds_them() {
        for (source, flags, text, found) in [
            ("[^a-z0-9]", "", "abc-d", true),
            (r"\d{2}", "", "a12", true),
            (r"\d", "", "\u{663}", false),
            ("ABC", "i", "xabc", true),
            ("^b", "m", "a\nb", true),
            ("^b", "", "a\nb", false),
            ("a.b", "", "a\nb", false),
            ("a.b", "", "a\u{2028}b", false),
            (r"[\[\]&&]", "", "&", true),
            ("[[]", "", "[", true),
            (r"\/\-\_\<", "", "/-_<", true),
            (r"\u0041", "", "A", true),
            (r"\bfoo\b", "", "a foo b", true),
            ("(?<year>[0-9]{4})-(?:a|b)", "", "2024-b", true),
            (r"[\w.]+@", "", "a.b_c@", true),
        ] {
            let pattern = Pattern::find(source, flags).unwrap();
            assert_eq!(pattern.is_match(text), found, "{source} in {text}");
        }
    }

    #[test]
    fn a_whole_text_is_matched_from_end_to_end() {
        let pattern = Pattern::whole("a|bc", "").unwrap();
        assert!(pattern.is_match("bc") && !pattern.is_match("abc"));
    }

    #[test]
    fn what_needs_backtracking_is_no_pattern() {
        for source in [
            "(?=a)", "(?!a)", "(?<=a)b", r"(a)\1", r"\k<a>", "[]", "[^]", "a{", "(", "\\",
        ] {
            assert_eq!(Pattern::find(source, ""), Err(NotLinear), "{source}");
        }
        assert_eq!(Pattern::find("(a{1000}){1000}", ""), Err(NotLinear));
    }
}
