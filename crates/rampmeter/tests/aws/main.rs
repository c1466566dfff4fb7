//! `aws synth`, `aws check` and `check --aws`, run as a user runs them: the real binary on files.
//!
//! The golden files say what is deployed. After an intended change, `RAMPMETER_GOLDEN=write cargo test --test aws`
//! writes them again; review the difference.

mod problems;
mod templates;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Runs the binary without any of the user's variables.
fn rampmeter(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rampmeter"))
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .output()
        .expect("the binary runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// The root of the repository.
fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository")
}

/// Compares with a golden file, or writes it.
fn is_golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/aws/golden")
        .join(name);
    if std::env::var("RAMPMETER_GOLDEN").is_ok_and(|value| value == "write") {
        fs::write(&file, text).expect("written");
        return;
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    let first = golden
        .lines()
        .zip(text.lines())
        .position(|(one, other)| one != other);
    let at = first.unwrap_or_else(|| golden.lines().count().min(text.lines().count()));
    assert!(
        golden == text,
        "{name} differs from line {}:\n  golden: {:?}\n  now:    {:?}",
        at + 1,
        golden.lines().nth(at),
        text.lines().nth(at)
    );
}
