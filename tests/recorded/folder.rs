//! The folder of recordings: facts of live traffic that are no part of this repository.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::PathBuf,
};

use serde_json::Value;

use crate::{exchange::Exchange, told::exchanges};

const VARIABLE: &str = "AIC_RECORDINGS";

/// All files of the folder.
pub struct Folder {
    files: BTreeMap<String, Value>,
}

impl Folder {
    /// Opens the folder that `AIC_RECORDINGS` names. Without it nothing is held, which is said on the standard error
    /// itself, past what a test's runner keeps to itself.
    pub fn open(what: &str) -> Option<Self> {
        let folder = std::env::var_os(VARIABLE).map(PathBuf::from);
        let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
            let warning = format!(
                "WARNING: {VARIABLE} names no folder, so this check DID NOT HAPPEN: {what} against what live \
                 tenants were seen to answer"
            );
            say(&warning);
            return None;
        };
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let text = fs::read_to_string(&path).unwrap();
                let content = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
                files.insert(name, content);
            }
        }
        assert!(!files.is_empty(), "{VARIABLE} names a folder without recordings");
        Some(Self { files })
    }

    /// One file.
    pub fn file(&self, name: &str) -> &Value {
        self.files
            .get(name)
            .unwrap_or_else(|| panic!("there is no {name}"))
    }

    /// The names of all files.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Every exchange of every file.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.files
            .iter()
            .flat_map(|(name, file)| exchanges(name, file))
            .collect()
    }
}

/// Writes a line to the test's output, and to the standard error.
pub fn say(line: &str) {
    println!("{line}");
    // Nobody is there to be told that it could not be told.
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The names of an object's members.
pub fn keys(object: &Value) -> BTreeSet<String> {
    object
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.clone())
        .collect()
}

/// The texts of a list.
pub fn texts(list: &Value) -> Vec<&str> {
    list.as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap())
        .collect()
}
