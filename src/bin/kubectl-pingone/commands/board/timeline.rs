//! A run's stages, each with what became of it.

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use maud::{Markup, html};
use pingone_aic_operator::api::{Outcome, Promotion, StageStatus, Step};

use super::layout::{badge, class, foreign, since};
use crate::{nodes, style::Tone};

/// The run's own page.
pub fn address(run: &Promotion, root: &str) -> String {
    format!(
        "{root}runs/{}/{}",
        run.namespace().unwrap_or_default(),
        run.name_any()
    )
}

/// A run in a few lines.
pub fn summary(run: &Promotion, root: &str, now: Timestamp) -> Markup {
    let node = nodes::of_run(run, now);
    html! {
        article class={ "run " (class(node.tone)) } {
            h3 { a href=(address(run, root)) { "Promotion " (node.name) } }
            p {
                (badge(node.tone, node.state.as_deref().unwrap_or_default()))
                @if let Some(detail) = &node.detail { " " (detail) }
            }
            @if let Some(message) = &node.message { p { (foreign(message)) } }
            (stages(run, now))
        }
    }
}

/// Its stages in order.
pub fn stages(run: &Promotion, now: Timestamp) -> Markup {
    let status = run.status.as_ref();
    html! {
        ol.stages {
            @for (index, stage) in run.spec.order.iter().enumerate() {
                @let known = status.and_then(|status| status.stages.iter().find(|known| known.name == stage.name));
                @let (tone, word) = state(index, known);
                li class=(class(tone)) {
                    strong { (stage.name) } " " (badge(tone, word))
                    @if run.spec.up_to == stage.name { " " span.gate { "gate" } }
                    @if let Some(known) = known { (times(known, now)) }
                }
            }
        }
    }
}

fn times(stage: &StageStatus, now: Timestamp) -> Markup {
    html! {
        @match (&stage.started_at, &stage.finished_at) {
            (Some(_), Some(finished)) => { " " span.when { (since(finished.0, now)) " ago" } }
            (Some(started), None) => { " " span.when { "for " (since(started.0, now)) } }
            _ => {}
        }
        @if let Some(message) = stage.message.as_ref().filter(|_| !stage.is_done()) { p { (foreign(message)) } }
    }
}

/// The lowest stage is where a release comes from.
fn state(index: usize, stage: Option<&StageStatus>) -> (Tone, &'static str) {
    let Some(stage) = stage else {
        return (Tone::Plain, if index == 0 { "source" } else { "not begun" });
    };
    if stage.held.is_some() {
        return (Tone::Bad, "Held");
    }
    match (stage.step, stage.outcome) {
        (Some(Step::Done), Some(outcome)) => (tone(outcome), outcome.as_str()),
        (Some(step), _) => (Tone::Going, step.as_str()),
        (None, _) => (Tone::Plain, "not begun"),
    }
}

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Promoted | Outcome::AlreadyPromoted => Tone::Good,
        Outcome::Failed | Outcome::Held => Tone::Bad,
        Outcome::Retry => Tone::Going,
        _ => Tone::Plain,
    }
}
