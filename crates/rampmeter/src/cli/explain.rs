//! `explain CODE`: what an error code means. The codes of configurations are in the crate `config`; all others are
//! here.

use clap::Args;
use rampmeter_config::Code;
use rampmeter_template::check;
use rampmeter_terminal::output::{self, Format, OutputArguments};
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};

/// Options of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The code, such as RM0102; all codes when absent.
    code: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

/// The codes that are not the configuration's: of definitions (1xxx), of the run time and the command line (2xxx), and
/// of limits (4xxx). A code never gets another meaning.
const CODES: &[(&str, &str)] = &[
    (
        "RM1001",
        "A workflow's definition is not one that Step Functions accepts.",
    ),
    (
        "RM1002",
        "A state of a workflow uses a part of the language that does not run on this host.",
    ),
    (
        "RM1101",
        "A definition runs, but probably does not do what was meant.",
    ),
    (
        "RM1102",
        "A task waits for its task token without a time-out: when nobody answers, its execution waits for a year.",
    ),
    (
        "RM1103",
        "A workflow repeats a call that the worker has repeated already: the attempts multiply.",
    ),
    (
        "RM1104",
        "A queued call has a heartbeat. The worker sends heartbeats only while the call runs, not while it waits in its queue.",
    ),
    (
        "RM1105",
        "Data written into a definition comes close to the 256 KiB that AWS takes for all data of a state.",
    ),
    (
        "RM1106",
        "An IdempotencyKey can be the same for two different calls. A vendor that honours it takes the second for a repeat of the first: it is answered and not done.",
    ),
    (
        "RM1107",
        "The message that a state drops into a target's queue could never be a call: a member is unknown, missing or wrong.",
    ),
    (
        "RM2001",
        "A port cannot be listened on; most often another process has it.",
    ),
    ("RM2002", "Another process has the data directory."),
    (
        "RM2003",
        "The data directory cannot be made, read or locked.",
    ),
    ("RM2004", "The store was written by a newer version."),
    ("RM2005", "The file in the data directory is not a store."),
    ("RM2006", "The store cannot be read or written."),
    (
        "RM2007",
        "A target cannot be called with what its configuration says.",
    ),
    ("RM2008", "The server refused a request with an AWS error."),
    (
        "RM2009",
        "The data directory was made for another account or region. ARNs, and the idempotency keys made from them, must not change while it is used.",
    ),
    (
        "RM2010",
        "An execution had not ended when the time to wait was over.",
    ),
    ("RM2011", "The input of an execution cannot be read."),
    ("RM2012", "The output of a command cannot be written."),
    (
        "RM2013",
        "The operating system refused a thread, a signal or a socket.",
    ),
    ("RM2014", "The address of a server is not a URL."),
    ("RM2015", "An execution to be stopped had already ended."),
    ("RM2016", "A file to be checked cannot be read."),
    (
        "RM2017",
        "A listen address is reachable from other machines, and its requests would be neither authenticated nor encrypted, or one of both.",
    ),
    ("RM2018", "The ready file cannot be written."),
    (
        "RM2019",
        "The store failed while the server ran; it must be started again.",
    ),
    ("RM2020", "The admin port has nothing of that name."),
    ("RM2021", "The admin port takes GET only."),
    (
        "RM2022",
        "A parameter of a request to the admin port cannot be read.",
    ),
    (
        "RM2023",
        "A name stands for several executions; the ARN tells them apart.",
    ),
    (
        "RM2024",
        "The Host header of a request to the admin port does not name this machine.",
    ),
    ("RM2025", "The engine has stopped."),
    (
        "RM2026",
        "The body of an answer is not what was written: the disk has changed it.",
    ),
    (
        "RM2027",
        "The admin port asks for a login, and the request shows no token of a user that is good now.",
    ),
    (
        "RM2028",
        "The role of the user does not allow the request, or a page of another site may have made a browser send it.",
    ),
    (
        "RM2029",
        "A file of users, or one with the token of a user, cannot be read or written, or does not say what was asked for.",
    ),
    (
        "RM2030",
        "The data directory of a measured run is not empty.",
    ),
    ("RM2031", "The demo could not be carried out."),
    (
        "RM2032",
        "The demo broke a promise: a limit, an execution or an outcome.",
    ),
    ("RM2033", "The stand-in vendor cannot be served."),
    ("RM2034", "The benchmark could not be carried out."),
    (
        "RM2035",
        "Calls wait for a target that the configuration does not have.",
    ),
    (
        "RM2036",
        "A workflow cannot start from a queue that belongs to a target which is not configured.",
    ),
    (
        "RM2040",
        "The server cannot be reached, or something else answers there.",
    ),
    ("RM2041", "The server has no workflow of that name."),
    ("RM2042", "The server does not authorise the request."),
    ("RM2043", "There is no such error code."),
    (
        "RM2044",
        "Some dead letters were not taken up: a workflow had handled the failure, or nobody has looked whether the call was done.",
    ),
    ("RM2045", "No dead letter is named."),
    (
        "RM2046",
        "Many dead letters are meant, and nobody has agreed to that.",
    ),
    (
        "RM2047",
        "Bodies of answers are not what was written: the disk has changed them.",
    ),
    ("RM2048", "A backup could not be made or put back."),
    ("RM2050", "A workload to simulate cannot be used."),
    ("RM2051", "A target or a limit to simulate does not exist."),
    ("RM2052", "Prices cannot be used."),
    ("RM2053", "The picture of a simulation cannot be written."),
    ("RM2060", "The configuration has no target of that name."),
    (
        "RM2061",
        "The target's preset does not know how to do that; it must be told, or cannot be done.",
    ),
    (
        "RM2062",
        "The vendor did not answer a question of the command line.",
    ),
    ("RM2063", "A file to be written is there already."),
    (
        "RM2064",
        "A certificate, its key or the certificates of authorities cannot be used.",
    ),
    (
        "RM4020",
        "A change makes no sense as things are: the rules would admit nothing, or the call has left its lane.",
    ),
    ("RM4021", "A limit is named as TARGET/LIMIT."),
    (
        "RM4030",
        "A window reaches less than nine tenths of its rate, because its places are free one length after the answer.",
    ),
];

/// Runs `explain`.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut found = meanings();
    if let Some(code) = &arguments.code {
        found.retain(|(known, _)| known.eq_ignore_ascii_case(code));
        if found.is_empty() {
            let what = format!("there is no error code {code:?}");
            return Err(Failure::new("RM2043", Exit::Usage, what).with_help("rampmeter explain"));
        }
    }
    let items: Vec<Value> = found
        .iter()
        .map(|(code, meaning)| json!({ "code": code, "meaning": meaning }))
        .collect();
    match arguments.output.format() {
        Format::Json => output::json(&json!({ "schema": "rampmeter.codes/1", "codes": items }))?,
        Format::Jsonl => {
            for item in items {
                output::data(&item.to_string())?;
            }
        }
        Format::Id => {
            for (code, _) in found {
                output::data(code)?;
            }
        }
        Format::Table => {
            for (code, meaning) in found {
                output::data(&format!("{code}  {meaning}"))?;
            }
        }
    }
    Ok(())
}

/// What a code means.
pub(super) fn meaning(code: &str) -> Option<&'static str> {
    let found = meanings().into_iter().find(|(known, _)| *known == code);
    found.map(|(_, meaning)| meaning)
}

/// Every code with its meaning, in order.
fn meanings() -> Vec<(&'static str, &'static str)> {
    let configuration = Code::ALL.iter().map(|code| (code.as_str(), code.meaning()));
    let of_aws = check::CODES.iter().copied();
    let here = CODES.iter().copied().chain(of_aws);
    let mut all: Vec<_> = configuration.chain(here).collect();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn codes_are_unique_and_explained_in_a_sentence() {
        let all = meanings();
        assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{all:?}");
        assert!(
            all.iter().all(|(_, meaning)| meaning.ends_with('.')),
            "{all:?}"
        );
    }

    /// The codes in the sources below a directory.
    fn used(directory: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                used(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("text");
                found.extend(
                    text.match_indices("\"RM")
                        .map(|(at, _)| text[at + 1..at + 7].to_owned()),
                );
            }
        }
    }

    #[test]
    fn every_code_in_the_sources_can_be_explained() {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .expect("the crates");
        let mut found = Vec::new();
        for entry in fs::read_dir(crates).expect("the crates") {
            used(&entry.expect("a crate").path().join("src"), &mut found);
        }
        assert!(
            found.len() > CODES.len() / 2,
            "the sources were read: {found:?}"
        );
        let known = meanings();
        let is_code = |code: &&String| code[2..].bytes().all(|letter| letter.is_ascii_digit());
        let unknown: Vec<_> = found
            .iter()
            .filter(is_code)
            .filter(|code| !known.iter().any(|(known, _)| known == code))
            .collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
