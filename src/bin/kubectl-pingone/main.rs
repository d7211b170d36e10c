//! `kubectl pingone`: connections, integrations and promotions for people, with their own kubeconfig and rights.

mod arguments;
mod changes;
mod cluster;
mod commands;
mod failure;
mod fleet;
mod follow;
mod nodes;
mod style;
mod target;
mod tree;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match commands::run(arguments).await {
        Ok(answer) => answer.into(),
        Err(failure) => {
            eprintln!("kubectl pingone: {failure}");
            ExitCode::from(failure.exit_code())
        }
    }
}

/// What a command found, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// Done, or yes.
    Yes,
    /// Asked and answered in the negative: a person is needed, or something may not be done yet.
    No,
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::SUCCESS,
            Answer::No => Self::from(1),
        }
    }
}
