//! Under our lock: the dry run, and what it finds.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::{super::names::Room, Act, Case, MOST_TRIES, RUN_SETTLES, SeenReport, promote_intent};
use crate::api::{DryRunRequest, DryRunStatus, LockStatus, Outcome, PromotionMode, Reason, Step};

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
        if self.is_blocked(id) {
            let message = format!("the dry run failed: {}", self.sight.run.message);
            return self.release(Outcome::Failed, Reason::DryRunFailed, message);
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
        let found = self.sight.reports.iter().find(|report| {
            report.is_dry_run && report.lock_id.as_deref() == Some(id) && self.is_our_run(report)
        });
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
            return Act::Remember(self.with(|stage| stage.dry_run = Some(self.findings(found, is_ours))));
        };
        self.judge(id, dry_run, found.is_empty)
    }

    /// What the dry run found: the ESVs of its report, and what the run under way tells beside.
    fn findings(&self, found: &SeenReport, is_ours: bool) -> DryRunStatus {
        let mut status = DryRunStatus::default();
        status.report.report_id = Some(found.id.clone());
        let run = &self.sight.run;
        let (more, secrets) = if is_ours {
            (&*run.missing_esvs, &*run.encrypted_secrets)
        } else {
            (&[][..], &[][..])
        };
        let more = more.iter().filter(|esv| !found.missing_esvs.contains(esv));
        let (mut for_esvs, mut for_secrets) = (Room::of(ROOM), Room::of(ROOM));
        for esv in found.missing_esvs.iter().chain(more) {
            status.report.truncated |= !for_esvs.add(esv, &mut status.missing_esvs);
        }
        for secret in secrets {
            status.report.truncated |= !for_secrets.add(secret, &mut status.encrypted_secrets);
        }
        status
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
        if !dry_run.missing_esvs.is_empty() {
            let message = format!(
                "the upper environment lacks the ESVs {}: create them there, then start a new run",
                dry_run.missing_esvs.join(", ")
            );
            return self.release(Outcome::Failed, Reason::MissingESVs, message);
        }
        if !dry_run.encrypted_secrets.is_empty() && !self.rules.ignore_encrypted_secrets {
            let message = format!(
                "the lower environment's configuration holds encrypted secrets ({}): move them into ESVs, or start a new run with spec.ignoreEncryptedSecrets",
                dry_run.encrypted_secrets.join(", ")
            );
            return self.release(Outcome::Failed, Reason::EncryptedSecrets, message);
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
        Act::Promote(self.with(|stage| {
            stage.step = Some(Step::Promoting);
            stage.promote = Some(promote_intent(id, self.now));
        }))
    }
}
