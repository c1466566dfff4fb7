//! `man DIRECTORY`: the manual pages, made from the same text as `--help`. One page for each command that is not hidden.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use rampmeter_terminal::output::note;
use rampmeter_terminal::{Exit, Failure};

use super::Cli;

/// Options of `man`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the pages go: rampmeter.1, rampmeter-serve.1 and so on. It must exist.
    directory: PathBuf,
}

/// Runs `man`.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = &arguments.directory;
    clap_mangen::generate_to(Cli::command(), directory).map_err(|why| {
        let place = directory.display();
        Failure::new(
            "RM2012",
            Exit::Failed,
            format!("the manual pages cannot be written to {place}: {why}"),
        )
    })?;
    note(&format!("manual pages: {}", directory.display()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Arguments, Cli, run};

    #[test]
    fn every_command_that_is_not_hidden_has_a_page() {
        let directory = tempfile::tempdir().unwrap();
        run(&Arguments {
            directory: directory.path().to_owned(),
        })
        .unwrap();
        for command in Cli::command()
            .get_subcommands()
            .filter(|c| !c.is_hide_set())
        {
            let page = directory
                .path()
                .join(format!("rampmeter-{}.1", command.get_name()));
            let text = std::fs::read_to_string(&page).unwrap();
            assert!(text.contains(".SH NAME"), "{}", page.display());
        }
    }
}
