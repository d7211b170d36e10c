//! A program that never outlives the process that started it.

use anyhow::{Context as _, Result};
use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
};
use tokio::sync::watch;

/// Starts `$@` and beside it a guard that reads from a pipe, whose other end only this process
/// holds. When this process ends, however it ends, SIGKILL included, the kernel closes the pipe,
/// `read` fails, and the guard kills the program. A line on the pipe dismisses the guard.
///
/// `exec` makes the program take the shell's place, so that its pid and exit status are the
/// child's own, and `$$`, which in a subshell is still the pid of the shell itself, is its pid.
const LEASH: &str = r#"
exec 3<&0 </dev/null
( read -r _ <&3 || kill -KILL $$ ) >/dev/null 2>&1 &
exec "$@" 3<&-
"#;

/// The pipe's end that this process holds, while the program runs.
type Lifeline = Arc<Mutex<Option<ChildStdin>>>;

/// A running program. Dropping it kills the program and waits until it is gone.
pub(crate) struct Process {
    name: String,
    pid: u32,
    log: PathBuf,
    lifeline: Lifeline,
    exit: watch::Receiver<Option<ExitStatus>>,
    reaper: Option<JoinHandle<()>>,
}

impl Process {
    /// Starts `program` with exactly this environment; both its outputs are appended to `log`.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        environment: &BTreeMap<String, String>,
        log: &Path,
    ) -> Result<Self> {
        let name = program
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("failed to open {}", log.display()))?;
        let mut child = Command::new("/bin/sh")
            .args(["-c", LEASH, "sh"])
            .arg(program)
            .args(arguments)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(output.try_clone()?)
            .stderr(output)
            // Ctrl-C in a terminal goes to the whole process group: it shall end this process
            // alone, and the guard, which must survive it, does the rest.
            .process_group(0)
            .spawn()
            .with_context(|| format!("failed to start {}", program.display()))?;
        let pid = child.id();
        let lifeline = Arc::new(Mutex::new(child.stdin.take()));
        let guarded = Arc::clone(&lifeline);
        let (exited, exit) = watch::channel(None);
        // A thread and not a task: every test has a runtime of its own, and this outlives it.
        let reaper = thread::spawn(move || {
            let status = child.wait().ok();
            if let Some(mut guard) = take(&guarded) {
                // Its pid is free and may soon be another's: dismissed, the guard does not kill it.
                let _ = guard.write_all(b"\n");
            }
            exited.send_replace(status);
        });
        Ok(Self {
            name,
            pid,
            log: log.to_owned(),
            lifeline,
            exit,
            reaper: Some(reaper),
        })
    }

    /// Its id.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended, if it has.
    pub(crate) fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits until it has ended.
    pub(crate) async fn wait(&self) -> Result<ExitStatus> {
        let status = *self.exit.clone().wait_for(Option::is_some).await?;
        status.with_context(|| format!("failed to wait for {}", self.name))
    }

    /// Asks it to end (SIGTERM).
    pub(crate) fn terminate(&self) -> Result<()> {
        self.signal("TERM")
    }

    /// Sends it a signal, by its name without SIG.
    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        if self.exit_status().is_none() {
            Command::new("/bin/sh")
                .args(["-c", "kill -\"$1\" \"$2\"", "sh", signal, &self.pid.to_string()])
                .status()
                .with_context(|| format!("failed to send SIG{signal} to {}", self.name))?;
        }
        Ok(())
    }

    /// The last `lines` lines of what it wrote.
    pub(crate) fn log_tail(&self, lines: usize) -> String {
        tail(&self.log, lines)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(take(&self.lifeline));
        if let Some(reaper) = self.reaper.take() {
            let _ = reaper.join();
        }
    }
}

fn take(lifeline: &Lifeline) -> Option<ChildStdin> {
    lifeline.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The last `lines` lines of the file, or why it cannot be read.
pub(crate) fn tail(log: &Path, lines: usize) -> String {
    match std::fs::read(log) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            let skip = text.lines().count().saturating_sub(lines);
            text.lines()
                .skip(skip)
                .fold(String::new(), |tail, line| tail + line + "\n")
        }
        Err(error) => format!("{}: {error}\n", log.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::{
        io::{BufRead as _, BufReader},
        os::unix::process::ExitStatusExt as _,
        time::{Duration, Instant},
    };

    fn shell(script: &str, scratch: &Scratch) -> Process {
        let arguments = ["-c".to_owned(), script.to_owned()];
        Process::start(
            Path::new("/bin/sh"),
            &arguments,
            &BTreeMap::new(),
            &scratch.join("log"),
        )
        .unwrap()
    }

    #[tokio::test]
    async fn the_exit_status_and_the_output_are_the_programs_own() {
        let scratch = Scratch::create().unwrap();
        let process = shell("echo out; echo err >&2; exit 7", &scratch);
        assert_eq!(process.wait().await.unwrap().code(), Some(7));
        assert_eq!(process.log_tail(9), "out\nerr\n");
        assert_eq!(process.log_tail(1), "err\n");
    }

    #[tokio::test]
    async fn sigterm_reaches_the_program() {
        let scratch = Scratch::create().unwrap();
        let process = shell("exec sleep 600", &scratch);
        process.terminate().unwrap();
        assert_eq!(process.wait().await.unwrap().signal(), Some(15));
    }

    /// Started by the test of the same name below, as the parent that is going to be killed.
    const VICTIM: &str = "PINGONE_AIC_HARNESS_VICTIM";

    #[test]
    fn a_program_dies_with_a_parent_that_is_killed() {
        let name = "process::tests::a_program_dies_with_a_parent_that_is_killed";
        if std::env::var_os(VICTIM).is_some() {
            let script = ["-c".to_owned(), "echo started; exec sleep 600".to_owned()];
            let log = Path::new("/dev/stdout");
            let _program = Process::start(Path::new("/bin/sh"), &script, &BTreeMap::new(), log).unwrap();
            loop {
                thread::park();
            }
        }
        let mut parent = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(VICTIM, "")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(parent.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        assert!(
            output.any(|line| line.ends_with("started")),
            "the program did not start"
        );
        let killed = Instant::now();
        parent.kill().unwrap();
        parent.wait().unwrap();
        // The program holds the other end of this pipe: it closes when the program is gone.
        assert_eq!(output.next(), None);
        assert!(
            killed.elapsed() < Duration::from_mins(1),
            "the program outlived its parent"
        );
    }

    #[tokio::test]
    async fn a_dropped_process_is_dead() {
        let scratch = Scratch::create().unwrap();
        let process = shell("exec sleep 600", &scratch);
        let exit = process.exit.clone();
        drop(process);
        assert_eq!(exit.borrow().unwrap().signal(), Some(9));
    }
}
