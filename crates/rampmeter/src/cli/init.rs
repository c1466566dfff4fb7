//! `init`: writes a configuration, a workflow, a sample input and an example of the environment for one vendor into a
//! directory. Nothing that exists is overwritten.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use rampmeter_terminal::output::{self, Format, OutputArguments, note};
use rampmeter_terminal::{Exit, Failure};
use serde_json::json;

/// Options of `init`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The vendor.
    #[arg(long, value_enum, default_value_t = Template::Http)]
    template: Template,
    /// Where to write; it is made if it does not exist.
    #[arg(default_value = ".")]
    directory: PathBuf,
    #[command(flatten)]
    output: OutputArguments,
}

/// The vendors for which there are templates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Template {
    /// Any HTTP API.
    Http,
    /// Oracle NetSuite, signed in by OAuth 2.0 with a certificate.
    Netsuite,
    /// Salesforce, signed in by JWT bearer.
    Salesforce,
    /// SAP S/4HANA OData, signed in by OAuth 2.0 client credentials.
    Sap,
}

/// A file of a template: its name and its text.
type File = (&'static str, &'static str);

/// The files of a template, from `init/NAME/`.
macro_rules! files {
    ($name:literal) => {
        [
            (
                "rampmeter.toml",
                include_str!(concat!("init/", $name, "/rampmeter.toml")),
            ),
            (
                "order.asl.json",
                include_str!(concat!("init/", $name, "/order.asl.json")),
            ),
            (
                "order.json",
                include_str!(concat!("init/", $name, "/order.json")),
            ),
            (
                ".env.example",
                include_str!(concat!("init/", $name, "/env.example")),
            ),
        ]
    };
}

impl Template {
    fn files(self) -> [File; 4] {
        match self {
            Template::Http => files!("http"),
            Template::Netsuite => files!("netsuite"),
            Template::Salesforce => files!("salesforce"),
            Template::Sap => files!("sap"),
        }
    }

    /// Name of the template's target.
    fn target(self) -> &'static str {
        match self {
            Template::Http => "vendor",
            Template::Netsuite => "netsuite",
            Template::Salesforce => "salesforce",
            Template::Sap => "sap",
        }
    }
}

impl Template {
    /// What a ping needs besides the target, where the preset knows no harmless call.
    fn ping_path(self) -> &'static str {
        match self {
            Template::Http => " --path /",
            Template::Netsuite | Template::Salesforce => "",
            Template::Sap => " --path /sap/opu/odata/sap/API_SALES_ORDER_SRV/",
        }
    }
}

/// Runs `init`.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let directory = &arguments.directory;
    let written = write(directory, &arguments.template.files())?;
    match arguments.output.format() {
        Format::Table | Format::Id => {
            for file in &written {
                output::data(&file.display().to_string())?;
            }
        }
        Format::Json | Format::Jsonl => output::json(&json!({
            "schema": "rampmeter.init/1",
            "files": written.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
        }))?,
    }
    let target = arguments.template.target();
    note(&format!(
        "next: fill in .env.example and load it (set -a; . ./.env.example; set +a), then rampmeter target ping {target}{}; \
         rampmeter.toml says how to try it without an account",
        arguments.template.ping_path()
    ));
    Ok(())
}

/// Writes all files or none.
fn write(directory: &Path, files: &[File]) -> Result<Vec<PathBuf>, Failure> {
    let failed = |path: &Path, why: &std::io::Error| {
        let what = format!("{} cannot be written: {why}", path.display());
        Failure::new("RM2012", Exit::Failed, what)
    };
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| directory.join(name)).collect();
    if let Some(there) = paths.iter().find(|path| path.exists()) {
        let what = format!(
            "{} is there already, and nothing was written",
            there.display()
        );
        return Err(Failure::new("RM2063", Exit::Usage, what)
            .with_help("choose another directory: rampmeter init --template NAME DIRECTORY"));
    }
    std::fs::create_dir_all(directory).map_err(|why| failed(directory, &why))?;
    for (path, (_, text)) in paths.iter().zip(files) {
        std::fs::write(path, text).map_err(|why| failed(path, &why))?;
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use rampmeter_config::Config;

    use super::*;

    const RSA: &str = include_str!("../../../caller/tests/keys/rfc7515-rsa.pem");

    /// The value that a template's example of the environment gives a variable.
    fn variable(files: &[File], name: &str) -> Option<String> {
        let (_, example) = files.iter().find(|(file, _)| *file == ".env.example")?;
        let line = example
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))?;
        Some(line.to_owned())
    }

    #[test]
    fn every_template_is_a_configuration_that_runs() {
        for template in Template::value_variants() {
            let directory = tempfile::tempdir().unwrap();
            let files = template.files();
            write(directory.path(), &files).unwrap();
            for key in ["netsuite.pem", "salesforce.pem"] {
                std::fs::write(directory.path().join(key), RSA).unwrap();
            }
            let file = directory.path().join("rampmeter.toml");
            let config = match Config::load(&file, &|name| variable(&files, name)) {
                Ok(config) => config,
                Err(report) => panic!("{template:?}: {}", report.render(false)),
            };
            assert!(config.targets.contains_key(template.target()));
            let workflow = &config.workflows["order"];
            let problems = crate::problem::problems("order", &workflow.definition, false);
            assert!(problems.is_empty(), "{template:?}: {}", problems.len());
            let input = std::fs::read_to_string(directory.path().join("order.json")).unwrap();
            serde_json::from_str::<serde_json::Value>(&input).unwrap();
        }
    }

    #[test]
    fn nothing_that_exists_is_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("order.json"), "mine").unwrap();
        let refused = write(directory.path(), &Template::Http.files()).unwrap_err();
        assert_eq!(refused.exit(), Exit::Usage);
        assert!(!directory.path().join("rampmeter.toml").exists());
    }
}
