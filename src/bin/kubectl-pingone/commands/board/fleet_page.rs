//! The first page: a row a promotion group, a card an environment.

use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use maud::{Markup, html};
use pingone_aic_operator::{
    api::{AICIntegration, Promotion, Reason, conditions::ACTIVE},
    http::BaseUrl,
};

use super::{
    layout::{badge, class, foreign, since},
    timeline,
};
use crate::{
    fleet::{Fleet, Group, Member},
    nodes,
    tree::Node,
};

/// Reasons of `Active` that a test gave.
const TESTED: [Reason; 2] = [Reason::TestPassed, Reason::TestFailed];
/// The newest runs of a group that are shown; the rest is folded away.
const SHOWN: usize = 1;

/// `root` is the path of this page.
pub fn of(fleet: &Fleet, root: &str, now: Timestamp) -> Markup {
    let groups = fleet.groups();
    html! {
        h1 { "Integrations and promotions" }
        @if groups.is_empty() { p { "There are no connections, integrations and promotions." } }
        @for group in &groups { (section(group, (fleet, root), now)) }
    }
}

fn section(group: &Group<'_>, of: (&Fleet, &str), now: Timestamp) -> Markup {
    let (id, root) = (id(group), of.1);
    html! {
        section.group aria-labelledby=(id) {
            h2 id=(id) {
                (nodes::title(group)) " "
                small {
                    "namespace " (group.namespace)
                    // Companies call their stages alike.
                    @if let Some(run) = group.runs.first() { ", last run " (run.name_any()) }
                }
            }
            ul.environments {
                @for environment in &group.environments {
                    li {
                        h3 { (environment.name) }
                        @for member in &environment.integrations { (card(member, of, now)) }
                    }
                }
                @if !group.unused.is_empty() {
                    li {
                        h3 { "Connections without an integration" }
                        @for connection in &group.unused {
                            (article(&nodes::of_connection(connection, now), &html! {}))
                        }
                    }
                }
            }
            @let (newest, older) = group.runs.split_at(group.runs.len().min(SHOWN));
            @for run in newest { (timeline::summary(run, root, now)) }
            @if !older.is_empty() {
                details id=(format!("{id}-older")) {
                    summary id=(format!("{id}-older-summary")) { "Earlier runs (" (older.len()) ")" }
                    @for run in older { (timeline::summary(run, root, now)) }
                }
            }
        }
    }
}

/// An id that does not depend on other groups: the name of the lowest integration.
fn id(group: &Group<'_>) -> String {
    let members = group
        .environments
        .iter()
        .flat_map(|environment| &environment.integrations);
    let first = members
        .map(|member| member.name.as_str())
        .next()
        .unwrap_or_default();
    let kind = if group.runs.is_empty() { "rest" } else { "group" };
    format!("{kind}-{}-{first}", group.namespace)
}

fn card(member: &Member<'_>, of: (&Fleet, &str), now: Timestamp) -> Markup {
    let node = nodes::of_member(member, now);
    let Some(integration) = member.integration else {
        return article(&node, &html! {});
    };
    let status = integration.status.as_ref();
    let active = status.and_then(|status| status.conditions.get(ACTIVE));
    let tested = active.filter(|active| TESTED.iter().any(|reason| active.reason == reason.as_str()));
    article(
        &node,
        &html! {
            @for connection in &node.children {
                dt { "Connection" }
                dd {
                    (badge(connection.tone, connection.state.as_deref().unwrap_or_default())) " " (connection.name)
                    @if let Some(detail) = &connection.detail { ", " (detail) }
                    @if connection.needs_person {
                        @if let Some(message) = &connection.message { p { (foreign(message)) } }
                    }
                }
            }
            @if let Some(tested) = tested {
                dt { "Last test" }
                dd { (tested.reason) ", since " (since(tested.last_transition_time.0, now)) }
            }
            @if let Some(lock) = lock(integration, of, now) {
                dt { "Lock" }
                dd.lock { (lock) }
            }
        },
    )
}

fn article(node: &Node, more: &Markup) -> Markup {
    html! {
        article class={ "card " (class(node.tone)) } {
            h4 { (node.name) }
            p {
                (badge(node.tone, node.state.as_deref().unwrap_or_default()))
                @if let Some(reason) = &node.reason { " " (reason) }
            }
            @if let Some(message) = node.message.as_ref().filter(|_| node.needs_person) { p { (foreign(message)) } }
            dl {
                (more)
                @if let Some(detail) = &node.detail {
                    dt { @if node.kind == "AICIntegration" { "Tenant" } @else { "Credential" } }
                    dd { (detail) }
                }
            }
        }
    }
}

/// Who holds the lock of an integration's environment, as far as runs and the integration tell.
fn lock(integration: &AICIntegration, (fleet, root): (&Fleet, &str), now: Timestamp) -> Option<Markup> {
    let url = BaseUrl::parse(&integration.spec.tenant.url, "").ok()?;
    let host = url.host().as_str();
    if let Some((run, since_then)) = fleet.promotions.iter().find_map(|run| holds(run, host)) {
        return Some(html! {
            "by " a href=(timeline::address(run, root)) { "Promotion " (run.name_any()) } ", for " (since(since_then, now))
        });
    }
    let said = integration
        .status
        .as_ref()?
        .conditions
        .said(Reason::EnvironmentLocked)?;
    Some(foreign(said))
}

/// Whether a run has this environment locked, and since when.
fn holds<'a>(run: &'a Promotion, host: &str) -> Option<(&'a Promotion, Timestamp)> {
    let stages = run.status.iter().flat_map(|status| &status.stages);
    let mut locks = stages.filter_map(|stage| Some((stage.target.as_ref()?, stage.open_lock()?)));
    let (_, lock) = locks.find(|(target, _)| target.lower_host == host || target.upper_host == host)?;
    Some((run, lock.requested_at.0))
}
