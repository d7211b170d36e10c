//! A page a run: how far it is, what the next stage would get, and what happened.

use std::sync::Arc;

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use maud::{Markup, html};
use pingone_aic_operator::api::Promotion;

use super::{
    events::Happened,
    layout::{badge, class, foreign, since},
    timeline,
};
use crate::{
    changes::{self, Diff, Item, ListOf},
    fleet::Fleet,
    nodes,
    style::Tone,
};

pub fn find<'a>(fleet: &'a Fleet, namespace: &str, name: &str) -> Option<&'a Promotion> {
    let is_it = |run: &&Arc<Promotion>| {
        let meta = &run.metadata;
        (meta.namespace.as_deref(), meta.name.as_deref()) == (Some(namespace), Some(name))
    };
    fleet.promotions.iter().find(is_it).map(|run| &**run)
}

pub fn of(fleet: &Fleet, run: &Promotion, events: &Result<Vec<Happened>, String>, now: Timestamp) -> Markup {
    let node = nodes::of_run(run, now);
    let here = fleet
        .integrations
        .iter()
        .filter(|it| it.metadata.namespace == run.metadata.namespace);
    html! {
        h1 { "Promotion " (node.name) " " small { "namespace " (run.namespace().unwrap_or_default()) } }
        p class=(class(node.tone)) {
            (badge(node.tone, node.state.as_deref().unwrap_or_default()))
            @if let Some(reason) = node.reason.as_ref().filter(|reason| node.state.as_ref() != Some(reason)) { " " (reason) }
            @if let Some(detail) = &node.detail { ", " (detail) }
        }
        @if let Some(message) = &node.message { p { (foreign(message)) } }
        section aria-labelledby="stages" {
            h2 #stages { "Stages" }
            (timeline::stages(run, now))
        }
        section aria-labelledby="changes" {
            @match changes::of(run, here.map(|it| &**it)) {
                Ok(diff) => {
                    h2 #changes { @if diff.list == ListOf::Promoted { "What was promoted" } @else { "What would be promoted" } }
                    (changes(&diff, now))
                }
                Err(why) => {
                    h2 #changes { "What would be promoted" }
                    p { (foreign(&why.to_string())) }
                }
            }
        }
        section aria-labelledby="events" {
            h2 #events { "Events" }
            (happened(events, now))
        }
    }
}

/// Deletions first: they break what people forget.
fn changes(diff: &Diff, now: Timestamp) -> Markup {
    let lists = [
        ("Deleted", Tone::Bad, &diff.deleted),
        ("Added", Tone::Good, &diff.added),
        ("Modified", Tone::Going, &diff.modified),
    ];
    html! {
        p { "From " (diff.from) " to " (diff.to) ": " (diff.summary) "." }
        p {
            "By the " (diff.list.as_str()) " list"
            @if let Some(seen) = &diff.seen_at { ", read " (since(seen.0, now)) " ago" }
            ". Hash " code { (foreign(&diff.hash)) }
            @if let Some(source) = &diff.source { ", source " code { (foreign(source)) } }
            "."
        }
        @for (title, tone, items) in lists {
            @if !items.is_empty() {
                h3 { (title) " (" (items.len()) ")" }
                ul class={ "changes " (class(tone)) } {
                    @for Item { name, ours } in items {
                        li { (foreign(name)) @if *ours { " " span.ours { "this run's" } } }
                    }
                }
            }
        }
        @if diff.truncated { p { "The list was longer than a status holds: see the tenant's console for the rest." } }
    }
}

fn happened(events: &Result<Vec<Happened>, String>, now: Timestamp) -> Markup {
    html! {
        @match events {
            Err(why) => p { (why) },
            Ok(events) if events.is_empty() => p { "None are kept." },
            Ok(events) => ul.events {
                @for event in events {
                    li {
                        @if let Some(at) = event.at { (since(at, now)) " ago " }
                        (badge(if event.is_warning { Tone::Bad } else { Tone::Plain }, &event.reason)) " "
                        (foreign(&event.note))
                    }
                }
            }
        }
    }
}
