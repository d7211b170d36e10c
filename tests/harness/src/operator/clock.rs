//! The clock of a fast-forwarded operator, moved from outside over a socket.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    sync::Mutex,
    time::timeout,
};

use super::PATIENCE;

/// Names the socket to the fast-forwarded operator.
pub const CLOCK_SOCKET: &str = "PINGONE_AIC_HARNESS_CLOCK";

/// Asks the fast-forwarded operator whether it is idle, over the same socket: it costs less than all metrics.
pub const IS_IDLE: &str = "is idle?\n";

/// The hand on the clock. It outlives the operator's process: the next one starts where the last one was.
pub(super) struct Clock {
    pub(super) socket: PathBuf,
    listener: UnixListener,
    connection: Mutex<Option<BufReader<UnixStream>>>,
    offset: Duration,
}

impl Clock {
    pub(super) fn new(socket: PathBuf) -> Result<Self> {
        let listener = UnixListener::bind(&socket).context("failed to listen for the operator's clock")?;
        Ok(Self {
            socket,
            listener,
            connection: Mutex::default(),
            offset: Duration::ZERO,
        })
    }

    /// Waits for a process that was just started, and sets its clock.
    pub(super) async fn attach(&mut self) -> Result<()> {
        let (stream, _) = timeout(PATIENCE, self.listener.accept())
            .await
            .context("the operator does not ask for its clock: is it the fast-forwarded one?")??;
        *self.connection.get_mut() = Some(BufReader::new(stream));
        self.move_by(self.offset).await
    }

    /// The process is gone; the next one starts with the time that has passed by then.
    pub(super) fn detach(&mut self) {
        *self.connection.get_mut() = None;
    }

    pub(super) async fn advance(&mut self, by: Duration) -> Result<()> {
        self.offset += by;
        self.move_by(by).await
    }

    /// Returns when it is moved.
    async fn move_by(&self, by: Duration) -> Result<()> {
        let line = format!("{}\n", by.as_millis());
        if let Some(answer) = self.ask(&line).await? {
            ensure!(
                answer == line,
                "the operator's clock answers {answer:?} to {line:?}"
            );
        }
        Ok(())
    }

    /// Whether the operator says that nothing is due, and no pass under way. One that is gone does nothing.
    pub(super) async fn is_idle(&self) -> bool {
        let answer = self.ask(IS_IDLE).await.unwrap_or_default();
        answer.is_none_or(|answer| answer.trim() != "false")
    }

    /// What a process answers, if there is one.
    async fn ask(&self, line: &str) -> Result<Option<String>> {
        let mut connection = self.connection.lock().await;
        let Some(connection) = &mut *connection else {
            return Ok(None);
        };
        connection.get_mut().write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        timeout(PATIENCE, connection.read_line(&mut answer))
            .await
            .context("the operator's clock does not answer")??;
        Ok(Some(answer))
    }
}
