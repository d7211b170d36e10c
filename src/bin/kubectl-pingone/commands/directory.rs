//! A new directory. Nothing that exists is overwritten.

#[cfg(unix)]
use std::os::unix::fs::OpenOptionsExt as _;
use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use crate::failure::Failure;

pub struct Directory(PathBuf);

impl Directory {
    /// A directory that is empty, or not there yet.
    pub fn claim(path: &Path) -> Result<Self, Failure> {
        let wrong = |error: &dyn std::fmt::Display| Failure::Usage(format!("{}: {error}", path.display()));
        let is_new = match fs::read_dir(path) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => true,
            Err(error) => return Err(wrong(&error)),
        };
        if is_new {
            Ok(Self(path.to_owned()))
        } else {
            Err(wrong(&"it is not empty: name a new directory"))
        }
    }

    /// Writes files by their paths below it.
    pub fn write(&self, files: &BTreeMap<String, String>) -> Result<(), Failure> {
        for (path, text) in files {
            let path = self.0.join(path);
            write(&path, text).map_err(|error| Failure::No(format!("{}: {error}", path.display())))?;
        }
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // Nobody else reads what people will put there.
    #[cfg(unix)]
    options.mode(0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())
}
