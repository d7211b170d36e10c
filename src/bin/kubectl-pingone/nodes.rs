//! What is shown of each object.

use k8s_openapi::jiff::Timestamp;
use pingone_aic_operator::api::{
    AICIntegration, Active, Conditions, PingOneConnection, Promotion, PromotionPhase,
    conditions::{READY, STALLED},
};

use crate::{
    fleet::{Environment, Fleet, Group, Member},
    style::{Tone, age},
    tree::Node,
};

/// A tree a namespace.
pub fn of(fleet: &Fleet, now: Timestamp) -> Vec<Node> {
    let mut namespaces: Vec<Node> = Vec::new();
    for group in fleet.groups() {
        let is_new = namespaces.last().is_none_or(|last| last.name != group.namespace);
        if is_new {
            namespaces.push(Node {
                kind: "Namespace",
                name: group.namespace.clone(),
                ..Node::default()
            });
        }
        if let Some(namespace) = namespaces.last_mut() {
            namespace.children.push(of_group(&group, now));
        }
    }
    namespaces
}

/// The environments of a group, the lowest first.
pub fn title(group: &Group<'_>) -> String {
    if group.runs.is_empty() {
        return "In no run".to_owned();
    }
    let stages: Vec<_> = group.environments.iter().map(|it| it.name.as_str()).collect();
    stages.join(" → ")
}

fn of_group(group: &Group<'_>, now: Timestamp) -> Node {
    let environments = group.environments.iter().map(|it| of_environment(it, now));
    Node {
        kind: "Group",
        name: title(group),
        namespace: Some(group.namespace.clone()),
        children: environments
            .chain(group.unused.iter().map(|it| of_connection(it, now)))
            .chain(group.runs.iter().enumerate().map(|(index, run)| {
                let mut node = of_run(run, now);
                // What a newer run has followed needs nobody any more.
                node.needs_person &= index == 0 || !is_over(run);
                node
            }))
            .collect(),
        ..Node::default()
    }
}

fn of_environment(environment: &Environment<'_>, now: Timestamp) -> Node {
    Node {
        kind: "Environment",
        name: environment.name.clone(),
        children: environment
            .integrations
            .iter()
            .map(|it| of_member(it, now))
            .collect(),
        ..Node::default()
    }
}

pub fn of_member(member: &Member<'_>, now: Timestamp) -> Node {
    let Some(integration) = member.integration else {
        return Node {
            kind: "AICIntegration",
            name: member.name.clone(),
            state: Some("missing".to_owned()),
            message: Some("a run names it, and it does not exist: create it".to_owned()),
            needs_person: true,
            tone: Tone::Bad,
            ..Node::default()
        };
    };
    let mut node = of_integration(integration);
    node.children
        .extend(member.connection.map(|it| of_connection(it, now)));
    node
}

fn of_integration(integration: &AICIntegration) -> Node {
    let status = integration.status.as_ref();
    let mut node = of_conditions(
        "AICIntegration",
        integration,
        status.map(|status| &status.conditions),
        status.map(|status| status.observed_generation),
    );
    node.detail = Some(format!(
        "{} {}",
        integration.spec.tenant.environment.as_str(),
        integration.spec.realm.as_str()
    ));
    node
}

pub fn of_connection(connection: &PingOneConnection, now: Timestamp) -> Node {
    let status = connection.status.as_ref();
    let mut node = of_conditions(
        "PingOneConnection",
        connection,
        status.map(|status| &status.conditions),
        status.map(|status| status.observed_generation),
    );
    let credential = status.and_then(|status| status.credential.as_ref());
    let issued = credential.and_then(|credential| credential.issued_at.as_ref()?.parse().ok());
    node.detail = issued.map(|at: Timestamp| format!("credential {} old", age(at, now)));
    node
}

/// What connections and integrations have in common.
fn of_conditions(
    kind: &'static str,
    object: &impl kube::ResourceExt,
    conditions: Option<&Conditions>,
    observed: Option<i64>,
) -> Node {
    let ready = conditions.and_then(|conditions| conditions.get(READY));
    let needs_person = conditions.is_some_and(|conditions| conditions.is_true(STALLED));
    let is_read = observed.is_some() && observed == object.meta().generation;
    let state = match conditions.map(Conditions::active) {
        _ if !is_read => "not read yet",
        Some(Active::True) => "Active",
        Some(Active::False) => "not Active",
        Some(Active::Unknown) | None => "Unknown",
    };
    let is_done = ready.is_some_and(|ready| ready.status == "True");
    Node {
        kind,
        name: object.name_any(),
        namespace: object.namespace(),
        state: Some(state.to_owned()),
        reason: ready.map(|ready| ready.reason.to_string()),
        message: ready.map(|ready| ready.message.clone()),
        needs_person,
        tone: match (needs_person, is_done && is_read, state) {
            (true, ..) => Tone::Bad,
            (false, true, "Active") => Tone::Good,
            (false, true, _) => Tone::Plain,
            _ => Tone::Going,
        },
        ..Node::default()
    }
}

fn is_over(run: &Promotion) -> bool {
    let phase = run.status.as_ref().and_then(|status| status.phase);
    phase.is_some_and(PromotionPhase::is_terminal)
}

pub fn of_run(run: &Promotion, now: Timestamp) -> Node {
    let status = run.status.clone().unwrap_or_default();
    let mut node = of_conditions(
        "Promotion",
        run,
        Some(&status.conditions),
        Some(status.observed_generation),
    );
    node.state = Some(
        status
            .phase
            .map_or("not read yet", |phase| phase.as_str())
            .to_owned(),
    );
    node.needs_person |= status.phase == Some(PromotionPhase::Held);
    // A person has decided that.
    node.needs_person &= status.phase != Some(PromotionPhase::Aborted);
    node.tone = match status.phase {
        _ if node.needs_person => Tone::Bad,
        Some(PromotionPhase::Succeeded) => Tone::Good,
        Some(PromotionPhase::Gated) => Tone::Plain,
        _ => Tone::Going,
    };
    node.detail = status.current.map(|current| {
        let since = age(current.since.0, now);
        format!("{}: {} for {since}", current.stage, current.step.as_str())
    });
    node
}
