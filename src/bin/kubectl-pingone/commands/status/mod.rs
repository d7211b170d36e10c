//! `status`: where everything stands.

mod watch;

use pingone_aic_operator::clock::Clock;

use super::Printer;
use crate::{
    Answer,
    arguments::{Output, Status},
    cluster::Cluster,
    failure::Failure,
    fleet::Fleet,
    nodes,
    style::say,
    tree::{Node, draw},
};

pub async fn run(printer: Printer, cluster: &Cluster, arguments: &Status) -> Result<Answer, Failure> {
    if arguments.watch {
        return watch::run(printer, cluster, arguments).await;
    }
    let fleet = Fleet::load(cluster, arguments.all_namespaces).await?;
    let (text, answer) = show(printer, &fleet, (cluster, arguments))?;
    say(&text);
    Ok(answer)
}

fn show(
    printer: Printer,
    fleet: &Fleet,
    (cluster, arguments): (&Cluster, &Status),
) -> Result<(String, Answer), Failure> {
    let only_problems = arguments.problems;
    let place = if arguments.all_namespaces {
        "any namespace".to_owned()
    } else {
        format!("namespace {}", cluster.namespace)
    };
    let all = nodes::of(fleet, Clock::system().now());
    let has_problem = all.iter().any(Node::has_problem);
    let shown: Vec<_> = if only_problems {
        all.into_iter().filter_map(Node::problems).collect()
    } else {
        all
    };
    let text = printer.form(&shown, || match (shown.is_empty(), only_problems) {
        (true, true) => format!("nothing in {place} needs a person\n"),
        (true, false) => format!("there are no connections, integrations and promotions in {place}\n"),
        (false, _) => draw(&shown, printer.output == Output::Wide, printer.style),
    })?;
    let answer = if only_problems && has_problem {
        Answer::No
    } else {
        Answer::Yes
    };
    Ok((text, answer))
}
