//! Every command that the binary has, with its arguments, as its own help tells them: so that a test over all commands covers
//! one that is added.

use crate::process::{rampmeter, run, stdout};
use crate::workspace::Workspace;

/// A command without commands below it.
#[derive(Debug, Default)]
pub(crate) struct Leaf {
    /// The words that name it.
    pub(crate) path: Vec<String>,
    /// The placeholders of its arguments.
    pub(crate) positionals: Vec<String>,
    /// Its options that take a value.
    pub(crate) options: Vec<String>,
    /// The forms of output that it offers.
    pub(crate) forms: Vec<String>,
}

/// All of them.
pub(crate) async fn leaves(workspace: &Workspace) -> Vec<Leaf> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    // Hidden, and so in no list.
    open.push(vec!["aws-api".to_owned()]);
    while let Some(path) = open.pop() {
        let help = help(workspace, &path).await;
        let below = section(&help, "Commands:");
        let names = below
            .iter()
            .filter_map(|line| line.split_whitespace().next());
        let names: Vec<&str> = names.filter(|name| *name != "help").collect();
        if names.is_empty() {
            found.push(leaf(path, &help));
            continue;
        }
        for name in names {
            open.push([&path[..], &[name.to_owned()]].concat());
        }
    }
    found
}

async fn help(workspace: &Workspace, path: &[String]) -> String {
    let mut command = rampmeter(workspace.path());
    command.args(path).arg("-h");
    stdout(&run(command, "").await)
}

/// The first lines of the entries of a section; what goes on below them is further in.
fn section<'h>(help: &'h str, title: &str) -> Vec<&'h str> {
    let lines = help.lines().skip_while(|line| *line != title).skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter(|line| !line.starts_with("          "))
        .collect()
}

fn leaf(path: Vec<String>, help: &str) -> Leaf {
    let placeholder = |line: &str| {
        let word = line.trim_start().split(['>', ']']).next()?;
        word.strip_prefix(['<', '[']).map(str::to_owned)
    };
    let positionals = section(help, "Arguments:");
    let options = section(help, "Options:");
    let long = |line: &&str| {
        let at = line.find("--")?;
        let (name, value) = line[at..].split_once(' ')?;
        value.starts_with('<').then(|| name.to_owned())
    };
    // The possible values stand behind the option or on the line below it.
    let forms = help.split("--output <OUTPUT>").nth(1).unwrap_or_default();
    let forms = forms.split("[possible values: ").nth(1).unwrap_or_default();
    let forms = forms.split(']').next().unwrap_or_default();
    Leaf {
        path,
        positionals: positionals.into_iter().filter_map(placeholder).collect(),
        options: options.iter().filter_map(long).collect(),
        forms: forms
            .split(", ")
            .filter(|form| !form.is_empty())
            .map(str::to_owned)
            .collect(),
    }
}
