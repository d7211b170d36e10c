//! A file a command.

mod accept;
mod board;
mod change;
mod check;
mod decode;
mod diff;
mod directory;
mod explain;
mod import;
mod promote;
mod rotate_check;
mod secret_file;
mod set;
mod status;
mod support_bundle;

use clap::CommandFactory as _;
use serde::Serialize;

use crate::{
    Answer,
    arguments::{Arguments, Command, Form, Man, Output},
    cluster::Cluster,
    failure::Failure,
    style::{Style, say},
};

/// How a command prints.
#[derive(Clone, Copy)]
pub struct Printer {
    pub output: Output,
    pub style: Style,
}

impl Printer {
    /// For programs, if they asked; else for people.
    pub fn print(self, value: &impl Serialize, for_people: impl FnOnce() -> String) -> Result<(), Failure> {
        say(&self.form(value, for_people)?);
        Ok(())
    }

    pub fn form(
        self,
        value: &impl Serialize,
        for_people: impl FnOnce() -> String,
    ) -> Result<String, Failure> {
        // What is shown here is made here: it can be written in either form.
        let unprintable = |error: &dyn std::error::Error| Failure::No(error.to_string());
        match self.output {
            Output::Text | Output::Wide | Output::Markdown => Ok(for_people()),
            Output::Json => {
                let text = serde_json::to_string_pretty(value).map_err(|error| unprintable(&error))?;
                Ok(text + "\n")
            }
            Output::Yaml => serde_saphyr::to_string(value).map_err(|error| unprintable(&error)),
        }
    }
}

pub async fn run(Arguments { access, command }: Arguments) -> Result<Answer, Failure> {
    let printer = |form: Form| Printer {
        output: form.output,
        style: Style::of_output(),
    };
    let connect = || Cluster::connect(&access);
    match command {
        Command::Status(it) => status::run(printer(it.form), &connect().await?, &it).await,
        Command::Diff(it) => diff::run(printer(Form { output: it.output }), &connect().await?, &it.run).await,
        Command::Promote(it) => promote::run(printer(it.change.form), &connect().await?, &it).await,
        Command::Accept(it) => accept::run(printer(it.form), &connect().await?, &it).await,
        Command::Abort(it) => set::abort(printer(it.form), &connect().await?, &it).await,
        Command::Suspend(it) => set::suspend(printer(it.form), &connect().await?, &it.target, true).await,
        Command::Resume(it) => set::suspend(printer(it.form), &connect().await?, &it.target, false).await,
        Command::CheckNow(it) => set::check_now(printer(it.form), &connect().await?, &it.target).await,
        Command::RotateCheck(it) => rotate_check::run(printer(it.form), &connect().await?, &it).await,
        Command::Explain(it) => explain::run(printer(it.form), &it),
        Command::Decode(it) => decode::run(printer(it.form), &it),
        Command::Check(it) => check::run(printer(it.form), &connect().await?, &it).await,
        Command::SupportBundle(it) => support_bundle::run(&connect().await?, &it).await,
        Command::Import(it) => import::run(&it, access.namespace.as_deref()).await,
        Command::Board(it) => board::run(connect().await?, &it).await,
        Command::Completion(it) => {
            let mut script = Vec::new();
            clap_complete::generate(
                it.shell,
                &mut Arguments::command(),
                "kubectl-pingone",
                &mut script,
            );
            say(&String::from_utf8_lossy(&script));
            Ok(Answer::Yes)
        }
        Command::Man(Man { directory }) => {
            let written = std::fs::create_dir_all(&directory)
                .and_then(|()| clap_mangen::generate_to(Arguments::command(), &directory));
            let wrong = |error| Failure::Usage(format!("{}: {error}", directory.display()));
            written.map_err(wrong)?;
            Ok(Answer::Yes)
        }
    }
}
