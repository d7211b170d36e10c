//! Under our lock: the dry run, and what it finds.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{
    act::{Act, MOST_TRIES, RUN_SETTLES},
    case::{Case, promote_intent},
    sight::SeenReport,
};
use crate::{
    aic::RunState,
    api::{DryRunRequest, DryRunStatus, LockStatus, Outcome, PromotionMode, Reason, StageStatus, Step},
    controller::promotion::names::Room,
};

/// For the names of ESVs, and for those of secrets, in bytes.
const ROOM: usize = 1536;

impl Case<'_> {
    pub(super) fn request_dry_run(&self, times: i32) -> Act {
        Act::DryRun(self.with(|stage| {
            stage.step = Some(Step::DryRun);
            stage.dry_run_request = Some(DryRunRequest {
                requested_at: Time(self.now),
                times,
            });
        }))
    }

    /// A dry run is asked for.
    pub(super) fn dry_run(&self, lock: &LockStatus) -> Act {
        let (Some(id), Some(request)) = (lock.id.as_deref(), &self.stage.dry_run_request) else {
            return self.locking(lock);
        };
        let is_overdue = self.is_overdue(&lock.requested_at, self.rules.timeouts.lock);
        let is_ours = self.sight.run.promotion_id.as_deref() == Some(id);
        let found = self.sight.reports.iter().find(|report| {
            report.is_dry_run && report.lock_id.as_deref() == Some(id) && self.is_our_run(report)
        });
        let is_over = is_ours && (self.is_blocked(id) || self.sight.run.state() == RunState::Idle);
        if is_over && let Some(blocked) = self.blocked(id, found) {
            return blocked;
        }
        if let Some(busy) = self.busy(id, is_overdue, "the dry run") {
            return busy;
        }
        if let Some(lost) = self.lost(lock, id) {
            return lost;
        }
        if self.rules.stops {
            return self.stopped();
        }
        let shown = &self.sight.lock;
        if !shown.is_locked_by(id) {
            return if shown.has_failed() || is_overdue {
                self.release(
                    Outcome::Failed,
                    Reason::LockFailed,
                    "the environments did not stay locked",
                )
            } else {
                self.wait(Reason::Locking, false, "the lock is changing hands")
            };
        }
        let Some(found) = found else {
            return if is_overdue {
                let message = "no dry run was reported within spec.timeouts.lock";
                self.release(Outcome::Failed, Reason::DryRunFailed, message)
            } else if self.since(&request.requested_at) < RUN_SETTLES {
                self.wait(Reason::Running, false, "the dry run's report is waited for")
            } else if request.times < MOST_TRIES {
                self.request_dry_run(request.times + 1)
            } else {
                self.release(
                    Outcome::Failed,
                    Reason::DryRunFailed,
                    "three dry runs ended without a report",
                )
            };
        };
        let Some(dry_run) = &self.stage.dry_run else {
            return Act::Remember(
                self.with(|stage| stage.dry_run = Some(self.findings(Some(found), is_ours))),
            );
        };
        self.judge(id, dry_run, found.is_empty)
    }

    /// What the run under way tells to stand in the way: no report of it is waited for.
    fn blocked(&self, id: &str, found: Option<&SeenReport>) -> Option<Act> {
        let findings = match &self.stage.dry_run {
            Some(findings) => findings.clone(),
            None => self.findings(found, true),
        };
        let failure = self.is_blocked(id).then_some(self.sight.run.message.as_str());
        let (reason, message) = self.obstacles(&findings, failure)?;
        Some(Act::Remember(StageStatus {
            dry_run: Some(findings),
            ..self.released(Outcome::Failed, reason, message)
        }))
    }

    /// What the dry run found: the ESVs of its report, and what the run under way tells beside.
    fn findings(&self, found: Option<&SeenReport>, is_ours: bool) -> DryRunStatus {
        let mut status = DryRunStatus::default();
        status.report.report_id = found.map(|found| found.id.clone());
        let reported = found.map_or(&[][..], |found| &*found.missing_esvs);
        let run = &self.sight.run;
        let (more, secrets) = if is_ours {
            (&*run.missing_esvs, &*run.encrypted_secrets)
        } else {
            (&[][..], &[][..])
        };
        let more = more.iter().filter(|esv| !reported.contains(esv));
        let (mut for_esvs, mut for_secrets) = (Room::of(ROOM), Room::of(ROOM));
        for esv in reported.iter().chain(more) {
            status.report.truncated |= !for_esvs.add(esv, &mut status.missing_esvs);
        }
        for secret in secrets {
            status.report.truncated |= !for_secrets.add(secret, &mut status.encrypted_secrets);
        }
        status
    }

    /// Everything that stands in the way, said at once.
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

    fn judge(&self, id: &str, dry_run: &DryRunStatus, is_empty: bool) -> Act {
        if self.earlier_run().is_some() {
            // An earlier attempt's report came late.
            return self.release(
                Outcome::AlreadyPromoted,
                Reason::AlreadyPromoted,
                "it was promoted before",
            );
        }
        if let Some((reason, message)) = self.obstacles(dry_run, None) {
            return self.release(Outcome::Failed, reason, message);
        }
        if self.rules.mode == PromotionMode::DryRun {
            return self.release(
                Outcome::Inspected,
                Reason::Inspected,
                "the dry run found nothing in the way",
            );
        }
        if is_empty {
            return self.release(
                Outcome::Skipped,
                Reason::NothingToPromote,
                "the dry run found nothing to promote",
            );
        }
        if let Some(obstacle) = self.content_obstacle(true) {
            return obstacle;
        }
        Act::Promote(self.with(|stage| {
            stage.step = Some(Step::Promoting);
            stage.promote = Some(promote_intent(id, self.now));
        }))
    }
}
