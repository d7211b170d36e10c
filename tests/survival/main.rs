//! Do an integration and a promotion survive everything? A kill, a lost answer, an outage at every call that the
//! operator makes; and generated histories of changes, drift, faults and crashes.
//!
//! `cargo test --test survival -- --all` runs the whole matrix. Without it, a part is run that a seed chooses; the
//! seed is printed, and `--seed` repeats the choice. `--case` repeats one case, `--history` one history.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test's failure is a panic that says where"
)]

mod boundary;
mod case;
mod happening;
mod history;
mod procedure;
mod promotion;
mod trouble;

use std::{fmt, process::ExitCode, time::Instant};

use clap::Parser;
use pingone_aic_support::Env;
use serde_json::json;

use self::{case::Case, procedure::Procedure, trouble::Trouble};
use crate::{case::Cases, promotion::Promotions};

/// How much of the matrix is run when nobody asks for all: it fits a minute.
const SAMPLE: usize = 20;
const HISTORIES: u64 = 2;
/// One in so many of a sample's cases more are run with an election.
const ELECTED_PART: usize = 4;
/// Of so many cases, one may not meet the call that it is about.
const MOST_UNMET: usize = 5;

#[derive(Parser)]
#[allow(clippy::struct_excessive_bools, reason = "flags of a command line")]
struct Arguments {
    /// Run every case of the matrix.
    #[arg(long)]
    all: bool,
    /// Choose by this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// How many cases are chosen.
    #[arg(long, default_value_t = SAMPLE)]
    cases: usize,
    /// How many histories are generated.
    #[arg(long, default_value_t = HISTORIES)]
    histories: u64,
    /// Run the cases whose names contain this, and no history.
    #[arg(long)]
    case: Option<String>,
    /// Of the chosen cases, run this part of so many: `2/5`. A case mostly waits, so that parts run well side by side.
    #[arg(long, value_parser = part, default_value = "1/1")]
    part: (usize, usize),
    /// Only the cases of one operator without an election.
    #[arg(long)]
    alone: bool,
    /// Only the cases of two replicas whose leader changes.
    #[arg(long, conflicts_with = "alone")]
    elected: bool,
    /// Run the history with this seed, and no case.
    #[arg(long)]
    history: Option<u64>,
    /// What libtest would filter by: this program has one test.
    #[arg(hide = true)]
    filter: Vec<String>,
    #[arg(long, short, hide = true)]
    quiet: bool,
    #[arg(long, hide = true)]
    nocapture: bool,
    #[arg(long, hide = true)]
    exact: bool,
}

/// Which part, of how many.
fn part(text: &str) -> Result<(usize, usize), String> {
    let numbers = text.split_once('/').and_then(|(part, parts)| {
        let (part, parts) = (part.parse().ok()?, parts.parse().ok()?);
        (1..=parts).contains(&part).then_some((part, parts))
    });
    numbers.ok_or_else(|| "give a part and the number of parts, for example 2/5".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !arguments.filter.is_empty() && !arguments.filter.iter().any(|filter| "survival".contains(filter)) {
        return ExitCode::SUCCESS;
    }
    let seed = arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    let survival = Survival {
        arguments,
        seed,
        started: Instant::now(),
    };
    // Each mostly waits, and has an environment of its own: they run side by side.
    let (alone, histories, elected) =
        futures::join!(survival.alone(), survival.histories(), survival.elected());
    survival.conclude(&[alone, histories, elected])
}

/// What is run.
struct Survival {
    arguments: Arguments,
    seed: u64,
    started: Instant,
}

/// What came of a part of it.
#[derive(Default)]
struct Results {
    failed: usize,
    cases: usize,
    unmet: usize,
}

impl Survival {
    /// Cases of one operator, without an election.
    async fn alone(&self) -> Results {
        if self.arguments.elected || self.arguments.history.is_some() {
            return Results::default();
        }
        let sentence = "an integration survives everything";
        let mut env = Env::start_alone(sentence, json!({"watchAllNamespaces": true})).await;
        let all = matrix(&mut env).await;
        self.run(env, all, self.arguments.cases).await
    }

    async fn histories(&self) -> Results {
        if self.arguments.elected || self.arguments.case.is_some() {
            return Results::default();
        }
        let sentence = "an integration survives its history";
        let mut env = Env::start_alone(sentence, json!({"watchAllNamespaces": true})).await;
        let mut random = fastrand::Rng::with_seed(self.seed);
        let seeds: Vec<_> = match self.arguments.history {
            Some(seed) => vec![seed],
            None => (0..self.arguments.histories).map(|_| random.u64(..)).collect(),
        };
        println!("survival: {} histories", seeds.len());
        let mut failed = 0;
        for seed in seeds {
            if let Err(why) = history::run(&mut env, seed).await {
                println!("survival: FAILED --history {seed}: {why}");
                failed += 1;
            }
        }
        env.check_outputs().await;
        Results {
            failed,
            cases: 0,
            unmet: env.unmet,
        }
    }

    /// Cases of two replicas, of which one leads.
    async fn elected(&self) -> Results {
        if self.arguments.alone || self.arguments.history.is_some() {
            return Results::default();
        }
        let mut env = Env::start_elected_alone("a promotion survives every change of leader").await;
        env.apply_run_to_nowhere().await;
        let mut all = Vec::new();
        for kind in promotion::Kind::ALL {
            let boundaries = env.run_boundaries(kind).await;
            let cases = promotion::Case::of_leaders(kind, &boundaries);
            all.extend(cases.into_iter().map(AnyCase::Promotion));
        }
        self.run(env, all, self.arguments.cases / ELECTED_PART).await
    }

    /// Runs what is chosen of these cases: so many, where nobody asks for all.
    async fn run(&self, mut env: Env, all: Vec<AnyCase>, sample: usize) -> Results {
        let mut chosen = all.clone();
        if let Some(name) = &self.arguments.case {
            chosen.retain(|case| case.to_string().contains(name));
        } else if !self.arguments.all {
            fastrand::Rng::with_seed(self.seed).shuffle(&mut chosen);
            chosen.truncate(sample);
        }
        let (part, parts) = self.arguments.part;
        let chosen: Vec<_> = chosen.into_iter().skip(part - 1).step_by(parts).collect();
        println!(
            "survival: {} of {} cases, chosen by --seed {}",
            chosen.len(),
            all.len(),
            self.seed
        );
        let mut failed = 0;
        for (done, case) in chosen.iter().enumerate() {
            if done > 0 && done % 100 == 0 {
                println!(
                    "survival: {done} cases, {} failed, {} s",
                    failed,
                    self.started.elapsed().as_secs()
                );
            }
            let from = env.network.position();
            let result = match case {
                AnyCase::Integration(case) => env.run(case).await,
                AnyCase::Promotion(case) => env.promote(case).await,
            };
            if let Err(why) = result {
                println!("survival: FAILED --case '{case}': {why}");
                println!(
                    "survival: its calls and the operator's log are in {}",
                    keep(&env, from)
                );
                failed += 1;
            }
        }
        env.check_outputs().await;
        Results {
            failed,
            cases: chosen.len(),
            unmet: env.unmet,
        }
    }

    fn conclude(&self, results: &[Results]) -> ExitCode {
        let sum = |of: fn(&Results) -> usize| results.iter().map(of).sum::<usize>();
        let (failed, cases, unmet) = (
            sum(|results| results.failed),
            sum(|results| results.cases),
            sum(|results| results.unmet),
        );
        println!(
            "survival: {failed} failed; {unmet} calls did not come again; {} s",
            self.started.elapsed().as_secs()
        );
        if unmet * MOST_UNMET > cases {
            println!("survival: FAILED: in more than a fifth of {cases} cases nothing went wrong");
            return ExitCode::FAILURE;
        }
        if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

/// Writes down what was seen of a case, for one that fails once in a thousand times.
fn keep(env: &Env, from: usize) -> String {
    let calls = env.network.journal_since(from);
    let lines = calls.iter().map(ToString::to_string);
    let text: Vec<_> = lines.chain([env.operator.log()]).collect();
    let file = std::env::temp_dir().join(format!("survival-{:016x}.log", fastrand::u64(..)));
    std::fs::write(&file, text.join("\n")).unwrap();
    file.display().to_string()
}

#[derive(Clone)]
enum AnyCase {
    Integration(Case),
    Promotion(promotion::Case),
}

impl fmt::Display for AnyCase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integration(case) => case.fmt(formatter),
            Self::Promotion(case) => case.fmt(formatter),
        }
    }
}

/// Every boundary of every procedure, as a clean run shows them, with every trouble that can happen there.
async fn matrix(env: &mut Env) -> Vec<AnyCase> {
    let mut cases = Vec::new();
    for procedure in Procedure::ALL {
        let boundaries = env.boundaries(procedure).await;
        println!("survival: {procedure} makes {} calls", boundaries.len());
        for boundary in boundaries {
            for trouble in Trouble::at(&boundary) {
                cases.push(AnyCase::Integration(Case {
                    procedure,
                    boundary: boundary.clone(),
                    trouble,
                }));
            }
        }
    }
    env.apply_run_to_nowhere().await;
    for kind in promotion::Kind::ALL {
        let boundaries = env.run_boundaries(kind).await;
        println!("survival: {kind:?} makes {} calls", boundaries.len());
        cases.extend(
            promotion::Case::all(kind, &boundaries)
                .into_iter()
                .map(AnyCase::Promotion),
        );
    }
    cases
}
