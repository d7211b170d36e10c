//! The clock of a fast-forwarded operator, moved from outside over a socket.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{UnixListener, UnixStream},
    time::timeout,
};

use super::PATIENCE;

/// Names the socket to the fast-forwarded operator.
pub const CLOCK_SOCKET: &str = "PINGONE_AIC_HARNESS_CLOCK";

/// The hand on the clock. It outlives the operator's process: the next one starts where the last one was.
pub(super) struct Clock {
    pub(super) socket: PathBuf,
    listener: UnixListener,
    connection: Option<BufReader<UnixStream>>,
    offset: Duration,
}

impl Clock {
    pub(super) fn new(socket: PathBuf) -> Result<Self> {
        let listener = UnixListener::bind(&socket).context("failed to listen for the operator's clock")?;
        Ok(Self {
            socket,
            listener,
            connection: None,
            offset: Duration::ZERO,
        })
    }

    /// Waits for a process that was just started, and sets its clock.
    pub(super) async fn attach(&mut self) -> Result<()> {
        let (stream, _) = timeout(PATIENCE, self.listener.accept())
            .await
            .context("the operator does not ask for its clock: is it the fast-forwarded one?")??;
        self.connection = Some(BufReader::new(stream));
        self.move_by(self.offset).await
    }

    /// The process is gone; the next one starts with the time that has passed by then.
    pub(super) fn detach(&mut self) {
        self.connection = None;
    }

    pub(super) async fn advance(&mut self, by: Duration) -> Result<()> {
        self.offset += by;
        self.move_by(by).await
    }

    /// Returns when it is moved.
    async fn move_by(&mut self, by: Duration) -> Result<()> {
        let Some(connection) = &mut self.connection else {
            return Ok(());
        };
        let line = format!("{}\n", by.as_millis());
        connection.get_mut().write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        timeout(PATIENCE, connection.read_line(&mut answer))
            .await
            .context("the operator's clock does not answer")??;
        ensure!(
            answer == line,
            "the operator's clock answers {answer:?} to {line:?}"
        );
        Ok(())
    }
}
