//! The operator's program: arguments, signals, exit status.

use std::{process::ExitCode, sync::Arc};

use clap::Parser;
use pingone_aic_operator::{
    api,
    clock::Clock,
    operator,
    runtime::{self, Arguments, Command, Options},
};

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let Arguments { command, options } = Arguments::parse();
    let result = match command {
        Some(Command::Crd) => print_definitions(),
        Some(Command::Run(options)) => run(*options).await,
        None => run(options).await,
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pingone-aic-operator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    let _telemetry = runtime::init_telemetry(&options)?;
    Ok(operator::run(
        options,
        Clock::system(),
        Arc::default(),
        runtime::until_terminated()?,
    )
    .await?)
}

fn print_definitions() -> Result<(), Box<dyn std::error::Error>> {
    for definition in api::custom_resource_definitions() {
        print!("---\n{}", api::to_yaml(&definition)?);
    }
    Ok(())
}
