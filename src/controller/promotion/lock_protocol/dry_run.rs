//! Under our lock: the dry run and its findings.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    case::Case,
    content::Source,
    decision::{Act, Decided, Decision, MOST_TRIES, RUN_SETTLES},
    holding::ContentDecision,
    observation::{Missing, SeenReport},
    row::Row,
};
use crate::{
    aic::RunState,
    api::{DryRunRequest, DryRunStatus, LockStatus, Outcome, PromotionMode, Reason, StageStatus, Step},
    controller::promotion::name_budget::NameBudget,
};

/// For the names of ESVs, and for those of secrets, in bytes.
const NAMES: usize = 1536;

impl Case<'_> {
    pub(super) fn request_dry_run(&self, row: Row, times: i32) -> Decision {
        row.decides(Act::DryRun(self.with(|stage| {
            stage.step = Some(Step::DryRun);
            stage.dry_run_request = Some(DryRunRequest {
                requested_at: Time(self.now),
                times,
            });
        })))
    }

    /// A dry run is requested.
    pub(super) fn dry_run(&self, lock: &LockStatus) -> Decided {
        let (Some(id), Some(request)) = (lock.id.as_deref(), &self.stage.dry_run_request) else {
            return self.locking(lock);
        };
        let is_overdue = self.is_overdue(&lock.requested_at, self.rules.timeouts.lock);
        let is_blocked = self.is_blocked(id)?;
        if !is_blocked && let Some(busy) = self.busy(id, is_overdue, "the dry run")? {
            return Ok(busy);
        }
        if self.rules.stops {
            return Ok(self.lost(lock, id).unwrap_or_else(|| self.stopped()));
        }
        // The run shows what blocks it, too, so the lock need not wait for the report.
        let reports = if is_blocked || is_overdue {
            self.readable_reports()?
        } else {
            self.reports()?
        };
        let found = reports.iter().find(|report| {
            report.is_dry_run && report.lock_id.as_deref() == Some(id) && self.is_our_run(report)
        });
        let is_ours = self.run()?.promotion_id.as_deref() == Some(id);
        let is_over = is_ours && (is_blocked || self.run()?.state() == RunState::Idle);
        if is_over && let Some(blocked) = self.blocked(id, found)? {
            return Ok(blocked);
        }
        if let Some(lost) = self.lost(lock, id) {
            return Ok(lost);
        }
        let shown = self.shown();
        if !shown.is_locked_by(id) {
            return Ok(if shown.has_failed() || is_overdue {
                let message = "the environments did not stay locked";
                self.release(Row::R12, Outcome::Failed, Reason::LockFailed, message)
            } else {
                let message = "the lock is about to change: the operator checks it again";
                self.wait(Row::R13, Reason::Locking, false, message)
            });
        }
        let Some(found) = found else {
            return Ok(self.without_report(request, is_overdue));
        };
        let Some(dry_run) = &self.stage.dry_run else {
            let findings = self.findings(Some(found), is_ours)?;
            return Ok(Row::R15.remembers(self.with(|stage| stage.dry_run = Some(findings))));
        };
        self.conclude(id, dry_run, found.is_empty)
    }

    /// Row 14.
    fn without_report(&self, request: &DryRunRequest, is_overdue: bool) -> Decision {
        let failed = |message| self.release(Row::R14, Outcome::Failed, Reason::DryRunFailed, message);
        if is_overdue {
            failed("no dry run was reported within spec.timeouts.lock")
        } else if self.since(&request.requested_at) < RUN_SETTLES {
            let message = "the operator waits for the dry run's report";
            self.wait(Row::R14, Reason::Running, false, message)
        } else if request.times < MOST_TRIES {
            self.request_dry_run(Row::R14, request.times + 1)
        } else {
            failed("three dry runs ended without a report")
        }
    }

    /// What the current run shows to block it. Its report is not needed.
    fn blocked(&self, id: &str, found: Option<&SeenReport>) -> Result<Option<Decision>, Missing> {
        let findings = match &self.stage.dry_run {
            Some(findings) => findings.clone(),
            None => self.findings(found, true)?,
        };
        let run = self.run()?;
        let failure = self.is_blocked(id)?.then_some(run.message.as_str());
        Ok(self.obstacles(&findings, failure).map(|(reason, message)| {
            Row::R15.remembers(StageStatus {
                dry_run: Some(findings),
                ..self.released(Outcome::Failed, reason, message)
            })
        }))
    }

    /// The dry run's findings: the ESVs in its report, and what the current run shows besides.
    fn findings(&self, found: Option<&SeenReport>, is_ours: bool) -> Result<DryRunStatus, Missing> {
        let mut status = DryRunStatus::default();
        status.report.report_id = found.map(|found| found.id.clone());
        let reported = found.map_or(&[][..], |found| &*found.missing_esvs);
        let run = self.run()?;
        let (more, secrets) = if is_ours {
            (&*run.missing_esvs, &*run.encrypted_secrets)
        } else {
            (&[][..], &[][..])
        };
        let more = more.iter().filter(|esv| !reported.contains(esv));
        let (mut for_esvs, mut for_secrets) = (NameBudget::of(NAMES), NameBudget::of(NAMES));
        for esv in reported.iter().chain(more) {
            status.report.truncated |= !for_esvs.add(esv, &mut status.missing_esvs);
        }
        for secret in secrets {
            status.report.truncated |= !for_secrets.add(secret, &mut status.encrypted_secrets);
        }
        // People copy the source from a run of this mode into an approval.
        if self.rules.mode == PromotionMode::DryRun
            && found.is_some()
            && let Source::Newest(source) = &self.content()?.source
        {
            status.source = Some(source.clone());
        }
        Ok(status)
    }

    /// Everything that blocks the promotion, in one message.
    fn obstacles(&self, findings: &DryRunStatus, failure: Option<&str>) -> Option<(Reason, String)> {
        let DryRunStatus {
            missing_esvs,
            encrypted_secrets,
            ..
        } = findings;
        let mut found = Vec::new();
        if !missing_esvs.is_empty() {
            let message = format!(
                "the upper environment lacks the ESVs {}: create them there, then start a new run",
                missing_esvs.join(", ")
            );
            found.push((Reason::MissingESVs, message));
        }
        if !encrypted_secrets.is_empty() && !self.rules.ignore_encrypted_secrets {
            let message = format!(
                "the lower environment's configuration holds encrypted secrets ({}): move them into ESVs, or start a new run with spec.ignoreEncryptedSecrets",
                encrypted_secrets.join(", ")
            );
            found.push((Reason::EncryptedSecrets, message));
        }
        if let Some(failure) = failure {
            found.push((Reason::DryRunFailed, format!("the dry run failed: {failure}")));
        }
        let reason = found.first()?.0;
        let messages: Vec<_> = found.into_iter().map(|(_, message)| message).collect();
        Some((reason, messages.join(". ")))
    }

    /// Rows 15 to 16.
    fn conclude(&self, id: &str, dry_run: &DryRunStatus, is_empty: bool) -> Decided {
        let ends = |outcome, reason, message: &str| Ok(self.release(Row::R15, outcome, reason, message));
        if self.earlier_run()?.is_some() {
            // An earlier attempt's report came late.
            let message = "it was promoted before";
            return ends(Outcome::AlreadyPromoted, Reason::AlreadyPromoted, message);
        }
        if let Some((reason, message)) = self.obstacles(dry_run, None) {
            return ends(Outcome::Failed, reason, &message);
        }
        if self.rules.mode == PromotionMode::DryRun {
            let message = "the dry run found nothing in the way";
            return ends(Outcome::Inspected, Reason::Inspected, message);
        }
        if is_empty {
            let message = "the dry run found nothing to promote";
            return ends(Outcome::Skipped, Reason::NothingToPromote, message);
        }
        Ok(match self.content_decision(true)? {
            ContentDecision::Keeps(obstacle) => *obstacle,
            ContentDecision::Allows(warning) => Row::R16.decides(Act::Promote(self.requested(id), warning)),
        })
    }
}
