//! The sample repository, in the hands of a team: changed by commits.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::forms;

/// A Git repository with what is in `deploy/argocd/sample/`. Dropping it removes it.
pub struct Repository(PathBuf);

impl Repository {
    pub fn create(name: &str) -> Self {
        let name = format!("{name}-{}", std::process::id());
        let this = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        copy(&forms::folder().join("sample"), &this.0);
        this.git(&["init", "--quiet", "--initial-branch=main"]);
        this.commit("Begin");
        this
    }

    pub fn url(&self) -> String {
        format!("file://{}", self.0.display())
    }

    pub fn read(&self, file: &str) -> String {
        fs::read_to_string(self.0.join(file)).unwrap()
    }

    pub fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).unwrap();
    }

    /// Another text in place of one that is there.
    pub fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.read(file);
        assert!(text.contains(from), "{file} does not hold {from:?}");
        self.write(file, &text.replace(from, to));
    }

    pub fn rename(&self, from: &str, to: &str) {
        self.git(&["mv", from, to]);
    }

    /// Commits all that has changed; the commit's id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", message]);
        self.head()
    }

    /// Reverts the last commit; the new commit's id.
    pub fn revert(&self) -> String {
        self.git(&["revert", "--no-edit", "HEAD"]);
        self.head()
    }

    pub fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args([
                "-c",
                "user.name=Platform team",
                "-c",
                "user.email=platform@example.com",
            ])
            .args(arguments)
            .current_dir(&self.0)
            // Whoever runs the tests may sign their commits, or run hooks.
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {complaint}");
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
