//! The files of a deployment: the template, the definitions it names, and the folder that becomes the layer.

use std::path::{Path, PathBuf};

use rampmeter_template::{Deployment, Emit, LAYER, Notation, Template, definition_file};
use rampmeter_terminal::{Exit, Failure};

/// A file to be written, with its path from the template's folder.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    text: String,
}

/// All files, the template first. Existing files with these names are replaced: they are generated, not written by
/// people.
pub(super) fn of(
    deployment: &Deployment<'_>,
    template: &Template,
    notation: Notation,
    configuration: &str,
) -> Vec<File> {
    let mut files = vec![File {
        path: PathBuf::from(notation.file()),
        text: template.text(notation),
    }];
    if deployment.emit == Emit::Sam {
        let workflows = deployment.config().workflows.values();
        files.extend(workflows.map(|workflow| File {
            path: PathBuf::from(definition_file(&workflow.name)),
            text: workflow.source_text.clone(),
        }));
    }
    files.push(File {
        path: Path::new(LAYER).join(deployment.configuration()),
        text: configuration.to_owned(),
    });
    files
}

impl File {
    /// Writes it below a folder, which is made if it does not exist.
    pub(super) fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(&self.path);
        let made = path.parent().map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&path, &self.text))
            .map_err(|why| {
                let what = format!("{} cannot be written: {why}", path.display());
                Failure::new("RM3090", Exit::Failed, what)
            })
    }
}
