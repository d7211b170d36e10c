//! The operator, with a clock that the harness moves: nobody can control the clock of a process that is killed.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use clap::Parser as _;
use pingone_aic_harness::{CLOCK_SOCKET, IS_IDLE};
use pingone_aic_operator::{
    clock::{Clock, ClockControl},
    operator,
    runtime::{self, Arguments, Metrics},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::UnixStream,
};

#[tokio::main]
async fn main() -> ExitCode {
    let options = Arguments::parse().options;
    let result = async {
        let _telemetry = runtime::init_telemetry(&options)?;
        let (clock, control) = Clock::controlled();
        let socket = std::env::var_os(CLOCK_SOCKET).context("there is no clock to follow")?;
        let mut hand = BufReader::new(UnixStream::connect(socket).await?);
        let metrics = Arc::<Metrics>::default();
        obey(&mut hand, &control, &metrics).await?;
        let seen = Arc::clone(&metrics);
        tokio::spawn(async move { while obey(&mut hand, &control, &seen).await.is_ok() {} });
        anyhow::Ok(operator::run(options, clock, metrics, runtime::until_terminated()?).await?)
    };
    match result.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fast-forwarded-operator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Moves the clock by the next line's milliseconds, and repeats the line when that is done; or says whether it is idle.
async fn obey(hand: &mut BufReader<UnixStream>, control: &ClockControl, metrics: &Metrics) -> Result<()> {
    let mut line = String::new();
    hand.read_line(&mut line).await?;
    if line == IS_IDLE {
        let answer = format!("{}\n", metrics.is_idle());
        hand.get_mut().write_all(answer.as_bytes()).await?;
        return Ok(());
    }
    control.advance(Duration::from_millis(line.trim().parse()?));
    hand.get_mut().write_all(line.as_bytes()).await?;
    Ok(())
}
