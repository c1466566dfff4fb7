//! A directory with a configuration and workflows for one test.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

/// One call to the vendor, resumed by its answer or by a task token.
const PAY: &str = r#"{
  "StartAt": "Pay",
  "States": {
    "Pay": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "Parameters": {
        "QueueUrl": "${VendorHigh}",
        "MessageBody": {
          "TaskToken.$": "$$.Task.Token",
          "Method": "POST",
          "Path": "/orders",
          "Key.$": "$.order",
          "RequestBody.$": "$"
        }
      },
      "TimeoutSeconds": 3600,
      "End": true
    }
  }
}
"#;

/// Ends at once, with its input as output.
const PASS: &str =
    r#"{ "StartAt": "Pass", "States": { "Pass": { "Type": "Pass", "End": true } } }"#;

/// A directory of its own, removed once neither the test nor its server needs it.
#[derive(Debug)]
pub(crate) struct Workspace {
    directory: Arc<TempDir>,
}

impl Workspace {
    /// The directory, for whoever must keep it.
    pub(crate) fn directory(&self) -> Arc<TempDir> {
        Arc::clone(&self.directory)
    }

    /// A configuration with the target `vendor` at `base_url`, `concurrency` calls at once, and the workflows `pay` and
    /// `pass`.
    pub(crate) fn new(base_url: &str, concurrency: u32) -> Self {
        let directory = Arc::new(tempfile::tempdir().expect("a directory"));
        let workspace = Self { directory };
        workspace.write("pay.asl.json", PAY);
        workspace.write("pass.asl.json", PASS);
        workspace.write(
            "rampmeter.toml",
            &format!(
                r#"version = 1

[server]
drain_timeout = "30s"

[targets.vendor]
preset = "http"
base_url = "{base_url}"
timeout = "60s"

[[targets.vendor.limits]]
name = "account"
concurrency = {concurrency}

[workflows.pay]
definition = "pay.asl.json"

[workflows.pass]
definition = "pass.asl.json"
"#
            ),
        );
        workspace
    }

    /// Without a vendor that answers.
    pub(crate) fn without_vendor() -> Self {
        Self::new("http://127.0.0.1:9", 1)
    }

    /// Writes a file into the directory.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).expect("the file is written");
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path().join("rampmeter.toml")
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.path().join("data")
    }
}
