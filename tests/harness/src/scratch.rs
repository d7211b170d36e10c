//! A temporary folder that goes when this process goes.

use anyhow::{Context as _, Result};
use std::{
    fs::DirBuilder,
    ops::Deref,
    os::unix::{fs::DirBuilderExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// Removes the folder when the pipe closes (see `process::LEASH`). The programs that write into it
/// are being killed in the same moment, and a file that one of them still creates makes `rm` fail.
const SWEEP: &str = r#"
read -r _
for _ in 1 2 3 4 5; do
  rm -rf -- "$1" && exit
  sleep 1
done
"#;

/// A folder that only this user can read. Dropping it removes it.
pub(crate) struct Scratch {
    path: PathBuf,
    sweeper: Child,
}

impl Scratch {
    pub(crate) fn create() -> Result<Self> {
        // Short, since a socket's path in it may have no more than about a hundred bytes.
        let name = format!("pingone-aic-{}", crate::unique());
        let path = std::env::temp_dir().join(name);
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .with_context(|| format!("failed to create {}", path.display()))?;
        let sweeper = Command::new("/bin/sh")
            .args(["-c", SWEEP, "sh"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("failed to start /bin/sh")?;
        Ok(Self { path, sweeper })
    }
}

impl Deref for Scratch {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(self.sweeper.stdin.take());
        let _ = self.sweeper.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_folder_is_gone_with_what_is_in_it() {
        let scratch = Scratch::create().unwrap();
        let path = scratch.to_owned();
        std::fs::create_dir(path.join("folder")).unwrap();
        std::fs::write(path.join("folder/file"), "").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}
