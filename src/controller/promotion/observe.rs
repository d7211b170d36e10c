//! Reads what the next decision needs, and nothing else, and decides.

use std::time::Duration;

use kube::ResourceExt;

use super::{
    content,
    group::Group,
    lock_protocol::{self, Decision, Missing, Observation, Part, Rules},
    reports::{self, ObserveError, Wanted},
    requeue::RunRequeue,
    run::Run,
    stage_test,
};
use crate::{
    aic::Tenant,
    api::{Action, IGNORE_REPORT_ANNOTATION, StageStatus, Step, UNLOCK_ANNOTATION},
};

/// Decides about a stage, from what is known already or read now. Reads the lock first, so everything else is at
/// least as new.
pub(super) async fn decide(
    run: &Run<'_>,
    tenant: &Tenant,
    stage: &StageStatus,
    (group, index): (&Group, usize),
    is_ready: bool,
    known: Option<Observation>,
) -> Result<(Observation, Decision), RunRequeue> {
    let spec = &run.object.spec;
    let (runs, clock) = (&run.context.runs, &run.context.clock);
    let attempt = stage.lock.as_ref().map(|lock| lock.attempt.as_str());
    let rules = Rules {
        key: &run.key,
        run: &run.uid,
        mode: spec.mode,
        ignore_encrypted_secrets: spec.ignore_encrypted_secrets,
        timeouts: &spec.timeouts,
        expected: content::expected(spec, &run.status, stage),
        is_ready,
        is_void: attempt.is_some_and(|attempt| runs.is_void(attempt)),
        stops: run.stops(),
        unlock: annotation(run, UNLOCK_ANNOTATION),
    };
    let observation = if let Some(known) = known {
        known
    } else {
        let lock = tenant.lock_state().await;
        Observation::of_lock(lock.map_err(|error| run.tenant_error(&error))?)
    };
    let mut observer = Observer {
        run,
        tenant,
        stage,
        group,
        index,
        rules: &rules,
        observation,
        unreadable: None,
    };
    let decision = loop {
        match lock_protocol::decide(stage, &observer.observation, &rules, clock.now()) {
            Ok(decision) => break decision,
            Err(missing) => observer.read(missing).await?,
        }
    };
    let Observer { observation, .. } = observer;
    // If this check does not show the lock to be idle, its idle time starts again from zero.
    if observation.idle_for.known().is_none() && !decision.notes_lock() {
        runs.quiet_for(&run.uid, None, clock.instant());
    }
    let Decision { row, .. } = &decision;
    tracing::debug!(run = run.key, stage = stage.name, %row, "decided");
    Ok((observation, decision))
}

struct Observer<'a> {
    run: &'a Run<'a>,
    tenant: &'a Tenant,
    stage: &'a StageStatus,
    group: &'a Group,
    index: usize,
    rules: &'a Rules<'a>,
    observation: Observation,
    /// Why the reports cannot be read.
    unreadable: Option<ObserveError>,
}

impl Observer<'_> {
    /// Reads what a decision needs. Unreadable reports that it can do without are tolerated.
    async fn read(&mut self, missing: Missing) -> Result<(), RunRequeue> {
        let run = self.run;
        match missing {
            Missing::Run => {
                let progress = self.tenant.promotion_progress().await;
                let progress = progress.map_err(|error| run.tenant_error(&error))?;
                self.observation.run = Part::Read(progress);
            }
            Missing::Reports => {
                if let Some(error) = self.unreadable.take() {
                    return Err(run.observe_error(&error));
                }
                self.read_reports().await;
            }
            Missing::Fault => {
                let ordered = run.object.spec.order.iter();
                let wanted = ordered.clone().find(|known| known.name == self.stage.name);
                let members = self.group.stages.get(self.index).map_or(&[][..], Vec::as_slice);
                let is_whole = wanted.is_some_and(|wanted| wanted.integrations.len() == members.len());
                let fault = stage_test::shown_fault(run, self.tenant, members, is_whole).await;
                self.observation.fault = Part::Read(fault);
            }
            Missing::Content => {
                let expected = &self.rules.expected;
                let content = content::observe(run, self.group, self.index, self.stage, expected).await;
                self.observation.content = Part::Read(content);
            }
            Missing::IdleTime => {
                let id = self.observation.lock.common_id();
                let now = run.context.clock.instant();
                let idle_for: Duration = run.context.runs.quiet_for(&run.uid, id, now);
                self.observation.idle_for = Part::Read(idle_for);
            }
        }
        Ok(())
    }

    async fn read_reports(&mut self) {
        let Self { run, stage, .. } = self;
        let lock = &self.observation.lock;
        let shown = lock.sides().filter_map(|side| side.promotion_id.as_deref());
        let own = stage.lock.as_ref().and_then(|lock| lock.id.as_deref());
        let ignored = annotation(run, IGNORE_REPORT_ANNOTATION).unwrap_or_default();
        let ignored: Vec<_> = ignored.split(',').map(str::trim).collect();
        let wanted = Wanted {
            key: self.rules.key,
            stage: &stage.name,
            own_lock_id: own,
            lock_ids: shown.chain(lock.promotion_id.as_deref()).chain(own).collect(),
            is_rollback: stage.action == Action::Rollback && stage.step == Some(Step::Locking),
            ignored: &ignored,
            read: &run.read_reports,
        };
        match reports::read(self.tenant, &run.context.runs, &wanted).await {
            Ok(found) => {
                for id in &found.ignored {
                    run.tell_of_ignored(id).await;
                }
                self.observation.reports = Part::Read(found.reports);
            }
            Err(unreadable) => {
                let error = unreadable.error();
                tracing::warn!(run = run.key, %error, "failed to read the reports");
                self.observation.reports = Part::Unreadable;
                self.unreadable = Some(unreadable);
            }
        }
    }
}

fn annotation<'a>(run: &'a Run<'_>, name: &str) -> Option<&'a str> {
    run.object.annotations().get(name).map(String::as_str)
}
