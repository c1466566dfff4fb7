//! What a started server announces: where it is, how to point tools at it, what to try next. For people as three
//! blocks, for programs as one JSON object, on standard output and in the ready file.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;

use rampmeter_config::Config;
use rampmeter_engine::{Engine, StateMachineDescription};
use rampmeter_terminal::output;
use rampmeter_terminal::{Exit, Failure};
use serde_json::{Value, json};

use crate::client;

/// A server that is ready.
#[derive(Debug)]
pub(super) struct Ready {
    scheme: &'static str,
    aws: SocketAddr,
    admin: SocketAddr,
    data_dir: String,
    account: String,
    region: String,
    targets: Vec<String>,
    workflows: Vec<StateMachineDescription>,
}

impl Ready {
    /// Asks the engine what it serves.
    pub(super) async fn new(
        config: &Config,
        engine: &Engine,
        aws: SocketAddr,
        admin: SocketAddr,
    ) -> Result<Self, Failure> {
        let workflows = engine.state_machines().list_state_machines().await;
        let workflows = workflows
            .map_err(|rejected| Failure::new("RM2019", Exit::Failed, rejected.to_string()))?;
        Ok(Self {
            scheme: config.server.scheme(),
            aws,
            admin,
            data_dir: config.server.data_dir.display().to_string(),
            account: config.server.account.clone(),
            region: config.server.region.clone(),
            targets: config.targets.keys().cloned().collect(),
            workflows,
        })
    }

    /// Announces it, the ready file first: whoever waits for the line may look for the file at once.
    pub(super) fn announce(&self, as_json: bool, file: Option<&Path>) -> Result<(), Failure> {
        if let Some(file) = file {
            write_ready_file(file, &self.to_json().to_string())?;
        }
        if as_json {
            output::data(&self.to_json().to_string())?;
            output::note("Ready.");
        } else {
            output::data(&self.banner())?;
        }
        Ok(())
    }

    fn to_json(&self) -> Value {
        let workflows: Vec<_> = self
            .workflows
            .iter()
            .map(|workflow| json!({ "name": workflow.name, "state_machine_arn": workflow.arn }))
            .collect();
        json!({
            "schema": "rampmeter.ready/1",
            "aws_url": self.aws_url(),
            "admin_url": self.admin_url(),
            "data_dir": self.data_dir,
            "account": self.account,
            "region": self.region,
            "targets": self.targets,
            "workflows": workflows,
            "pid": std::process::id(),
            "version": env!("CARGO_PKG_VERSION"),
        })
    }

    fn aws_url(&self) -> String {
        format!("{}://{}", self.scheme, self.aws)
    }

    fn admin_url(&self) -> String {
        format!("{}://{}", self.scheme, self.admin)
    }

    fn banner(&self) -> String {
        let version = env!("CARGO_PKG_VERSION");
        let targets = listed(self.targets.iter().map(String::as_str));
        let workflows = listed(self.workflows.iter().map(|workflow| workflow.name.as_str()));
        let (aws, admin) = (self.aws_url(), self.admin_url());
        let Self {
            data_dir,
            account,
            region,
            ..
        } = self;
        format!(
            "rampmeter {version}\n\
             \n  AWS endpoint   {aws}   states, sqs\
             \n  Dashboard      {admin}\
             \n  Metrics        {admin}/metrics\
             \n  Data           {data_dir}   (kept between runs)\
             \n  Account        {account}, {region}, any credentials\
             \n  Targets        {targets}\
             \n  Workflows      {workflows}\n\
             \n  In another terminal:\
             \n    rampmeter health{}\
             \n    eval \"$(rampmeter env{})\"\
             \n    {}\n\
             \nReady.",
            self.admin_option(),
            self.server_option(),
            self.next_command()
        )
    }

    fn next_command(&self) -> String {
        match self.workflows.first() {
            Some(workflow) => {
                let (server, admin) = (self.server_option(), self.admin_option());
                format!(
                    "rampmeter start {} --wait{server}{admin} --input '{{}}'   # or what it expects: --input FILE",
                    workflow.name
                )
            }
            None => "aws stepfunctions list-state-machines".to_owned(),
        }
    }

    /// The option with which a command finds the AWS port; empty at the default address.
    fn server_option(&self) -> String {
        match self.aws_url().as_str() {
            client::DEFAULT_SERVER => String::new(),
            url => format!(" --server {url}"),
        }
    }

    /// Likewise for the admin port.
    fn admin_option(&self) -> String {
        match self.admin_url().as_str() {
            client::DEFAULT_ADMIN => String::new(),
            url => format!(" --admin {url}"),
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// Writes the file under another name first, so that a reader never sees half of it. Neither name is followed if it is
/// a link: the new file replaces whatever had the name.
fn write_ready_file(file: &Path, text: &str) -> Result<(), Failure> {
    let written = (|| -> io::Result<()> {
        let directory = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let unfinished = directory.join(format!(".ready-{}", std::process::id()));
        match std::fs::remove_file(&unfinished) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
            _ => {}
        }
        let mut out = std::fs::File::create_new(&unfinished)?;
        writeln!(out, "{text}")?;
        drop(out);
        std::fs::rename(&unfinished, file)
    })();
    written.map_err(|why| {
        let what = format!("the ready file {} cannot be written: {why}", file.display());
        Failure::new("RM2018", Exit::Usage, what)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ready_file_takes_the_place_of_a_link_and_leaves_what_it_led_to() {
        let directory = tempfile::tempdir().unwrap();
        let [mine, ready] = ["mine", "ready.json"].map(|name| directory.path().join(name));
        std::fs::write(&mine, "mine").unwrap();
        let planted = directory
            .path()
            .join(format!(".ready-{}", std::process::id()));
        for link in [&ready, &planted] {
            std::os::unix::fs::symlink(&mine, link).unwrap();
        }
        write_ready_file(&ready, "{}").unwrap();
        assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
        assert_eq!(std::fs::read_to_string(&ready).unwrap(), "{}\n");
        assert!(!std::fs::symlink_metadata(&ready).unwrap().is_symlink());
    }
}
