//! The operator, with a clock that the harness moves: nobody can control the clock of a process that is killed.

use std::{process::ExitCode, time::Duration};

use anyhow::{Context as _, Result};
use clap::Parser as _;
use pingone_aic_harness::CLOCK_SOCKET;
use pingone_aic_operator::{
    clock::{Clock, ClockControl},
    operator,
    runtime::{self, Arguments},
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
        obey(&mut hand, &control).await?;
        tokio::spawn(async move { while obey(&mut hand, &control).await.is_ok() {} });
        anyhow::Ok(operator::run(options, clock, runtime::until_terminated()?).await?)
    };
    match result.await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fast-forwarded-operator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Moves the clock by the next line's milliseconds, and repeats the line when that is done.
async fn obey(hand: &mut BufReader<UnixStream>, control: &ClockControl) -> Result<()> {
    let mut line = String::new();
    hand.read_line(&mut line).await?;
    control.advance(Duration::from_millis(line.trim().parse()?));
    hand.get_mut().write_all(line.as_bytes()).await?;
    Ok(())
}
