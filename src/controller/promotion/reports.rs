//! Reads the reports of an environment that a decision needs.

use std::{cmp::Reverse, collections::HashMap};

use k8s_openapi::jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use parking_lot::Mutex;

use super::lock_protocol::{NO_SOURCE, SeenReport};
use crate::{
    aic::{Error, Report, ReportEntry, Tenant},
    api::RunMark,
    controller::promotion_registry::{KnownReport, PromotionRegistry},
    http,
};

const A_MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// A report younger than this may be in the list before it can be read.
const IS_NEW: SignedDuration = SignedDuration::from_hours(1);

/// Why an environment cannot be observed.
pub(super) enum ObserveError {
    /// The tenant does not answer.
    Tenant(Error),
    /// A report that counts cannot be read.
    Report(String, Error),
}

impl ObserveError {
    pub(super) fn error(&self) -> &Error {
        let (Self::Tenant(error) | Self::Report(_, error)) = self;
        error
    }
}

impl From<Error> for ObserveError {
    fn from(error: Error) -> Self {
        Self::Tenant(error)
    }
}

/// Which reports are wanted.
pub(super) struct Wanted<'a> {
    /// `namespace/name`.
    pub(super) key: &'a str,
    pub(super) stage: &'a str,
    /// The lock that is known to be the run's.
    pub(super) own_lock_id: Option<&'a str>,
    /// Promotion ids of present and former locks.
    pub(super) lock_ids: Vec<&'a str>,
    /// Whether a rollback is next, which needs the last report.
    pub(super) is_rollback: bool,
    /// Reports that a person has told the run to ignore.
    pub(super) ignored: &'a [&'a str],
    /// Collects the reports that are read here, for the status.
    pub(super) read: &'a Mutex<HashMap<String, Report>>,
}

/// The result.
#[derive(Default)]
pub(super) struct Found {
    /// The reports that count, newest first.
    pub(super) reports: Vec<SeenReport>,
    /// The ids of unreadable reports that a person has told the run to ignore.
    pub(super) ignored: Vec<String>,
}

/// Reads the reports that count, newest first: those under the locks in question, and the real ones down to the
/// newest of this name and stage. Each report is read once.
pub(super) async fn read(
    tenant: &Tenant,
    runs: &PromotionRegistry,
    wanted: &Wanted<'_>,
) -> Result<Found, ObserveError> {
    let mut entries = tenant.reports().await?;
    // Stable: reports of one date keep the order of the list.
    entries.sort_by_key(|entry| Reverse(time_of(entry)));
    // Before a rollback the platform's own last report decides, and neither dates nor a list that may lag.
    if wanted.is_rollback {
        match tenant.last_report().await? {
            Some(last) if !last.dry_run => put_first(&mut entries, last),
            // Only the platform knows which of two reports of one minute is the last.
            _ if is_tied(&entries) => entries.insert(0, ReportEntry::of_nobody()),
            _ => {}
        }
    }
    let mut found = Found::default();
    // A date may have no seconds, so a report of the same minute as the newest of this name may be newer.
    let mut oldest_wanted = None;
    for entry in entries {
        let is_under_lock = entry
            .promotion_id
            .as_deref()
            .is_some_and(|id| wanted.lock_ids.contains(&id));
        let is_older = oldest_wanted.is_some_and(|oldest| time_of(&entry) < oldest);
        if !is_under_lock && (entry.dry_run || is_older) {
            continue;
        }
        let known = match known(tenant, runs, &entry, wanted).await {
            Ok(known) => known,
            Err(ObserveError::Report(id, error)) if wanted.ignored.contains(&&*id) => {
                tracing::warn!(run = wanted.key, id, %error, "a report cannot be read, and is ignored as an annotation says");
                found.ignored.push(id);
                KnownReport::default()
            }
            Err(unobserved) => return Err(unobserved),
        };
        let is_of_name = |mark: &RunMark| mark.key == wanted.key && mark.stage == wanted.stage;
        if !entry.dry_run && oldest_wanted.is_none() && known.mark.as_ref().is_some_and(is_of_name) {
            oldest_wanted = time_of(&entry).checked_sub(A_MINUTE).ok();
        }
        found.reports.push(SeenReport {
            id: entry.report_id.unwrap_or_default(),
            created: entry.created_date,
            lock_id: entry.promotion_id,
            is_dry_run: entry.dry_run,
            kind: entry.kind,
            mark: known.mark,
            is_empty: known.is_empty,
            missing_esvs: known.missing_esvs,
        });
    }
    Ok(found)
}

/// The newest real report of an environment.
#[derive(Clone)]
pub(super) struct Newest {
    /// Its id; `none` if there is no report. `None` if two reports have the same date and the platform does not say
    /// which is the last.
    pub(super) id: Option<String>,
    /// The reports that may be the newest, if that is not known.
    pub(super) tied: Vec<String>,
    /// All real reports that have an id.
    pub(super) listed: Vec<String>,
}

pub(super) async fn newest_report(tenant: &Tenant) -> Result<Newest, Error> {
    let mut real: Vec<_> = tenant
        .reports()
        .await?
        .into_iter()
        .filter(|entry| !entry.dry_run)
        .collect();
    real.sort_by_key(|entry| Reverse(time_of(entry)));
    let listed = real.iter().filter_map(|entry| entry.report_id.clone()).collect();
    let newest = real.first().map(time_of);
    let of_one_moment = real
        .iter()
        .filter(|entry| newest.is_some_and(|newest| newest.duration_since(time_of(entry)) < A_MINUTE));
    let tied: Vec<_> = of_one_moment
        .filter_map(|entry| entry.report_id.clone())
        .collect();
    let id = if is_tied(&real) {
        let last = tenant.last_report().await?.filter(|last| !last.dry_run);
        last.and_then(|last| last.report_id)
    } else {
        let newest = real.into_iter().next();
        newest.map_or(Some(NO_SOURCE.to_owned()), |entry: ReportEntry| entry.report_id)
    };
    Ok(Newest { id, tied, listed })
}

/// A report without a readable date may be the newest.
fn time_of(entry: &ReportEntry) -> Timestamp {
    date(&entry.created_date).unwrap_or(Timestamp::MAX)
}

/// Whether two real reports may be the last: their dates are less than a minute apart, or cannot be read.
fn is_tied(entries: &[ReportEntry]) -> bool {
    let mut real = entries.iter().filter(|entry| !entry.dry_run).map(time_of);
    let (Some(newest), Some(next)) = (real.next(), real.next()) else {
        return false;
    };
    newest.duration_since(next) < A_MINUTE
}

/// Puts the last report first. The list may have it already, with an id that it lacks itself.
fn put_first(entries: &mut Vec<ReportEntry>, last: ReportEntry) {
    let is_last = |entry: &ReportEntry| match &last.report_id {
        Some(id) => entry.report_id.as_ref() == Some(id),
        None => {
            (&entry.promotion_id, entry.kind, date(&entry.created_date))
                == (&last.promotion_id, last.kind, date(&last.created_date))
        }
    };
    let listed = entries.iter().position(is_last).map(|at| entries.remove(at));
    entries.insert(0, listed.unwrap_or(last));
}

async fn known(
    tenant: &Tenant,
    runs: &PromotionRegistry,
    entry: &ReportEntry,
    wanted: &Wanted<'_>,
) -> Result<KnownReport, ObserveError> {
    // Without an id a report cannot be read. The list has all that is known of it.
    let Some(id) = &entry.report_id else {
        return Ok(KnownReport::default());
    };
    if let Some(known) = runs.report(tenant.host(), id) {
        return Ok(known);
    }
    let error = match tenant.report(id).await {
        Ok(report) => {
            let is_empty = report.changes().next().is_none();
            let known = KnownReport {
                mark: RunMark::find(&report.promotion_description),
                is_empty,
                missing_esvs: report.missing_esvs.clone(),
            };
            runs.remember_report(tenant.host(), id, known.clone());
            if known.mark.as_ref().is_some_and(|mark| mark.key == wanted.key) {
                wanted.read.lock().insert(id.clone(), report);
            }
            return Ok(known);
        }
        Err(error) => error,
    };
    // A real report under the run's own lock is the run's, whatever else it says.
    let is_own = entry.promotion_id.is_some() && entry.promotion_id.as_deref() == wanted.own_lock_id;
    if is_own && !entry.dry_run {
        return Ok(KnownReport::default());
    }
    if is_no_longer_kept(entry, &error, tenant.time()) {
        runs.remember_report(tenant.host(), id, KnownReport::default());
        return Ok(KnownReport::default());
    }
    Err(ObserveError::Report(id.clone(), error))
}

/// Listed, and not found. A new report will appear; an old one is gone.
fn is_no_longer_kept(entry: &ReportEntry, error: &Error, now: Timestamp) -> bool {
    let is_new = date(&entry.created_date).is_some_and(|date| now.duration_since(date) < IS_NEW);
    let is_gone = |error: &http::Error| error.status() == Some(404) && error.is_by_service();
    matches!(error, Error::Call(error) if is_gone(error)) && !is_new
}

/// A report's date, in either of the platform's forms.
fn date(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let minutes = civil::DateTime::strptime("%Y-%m-%dT%H-%M+00Z", text).ok()?;
        Some(minutes.to_zoned(TimeZone::UTC).ok()?.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aic::RunKind;

    #[test]
    fn the_last_report_is_put_first_once_and_keeps_the_id_of_the_list() {
        let entry = |id: Option<&str>, date: &str| ReportEntry {
            report_id: id.map(Into::into),
            promotion_id: Some("p".into()),
            dry_run: false,
            created_date: date.into(),
            kind: RunKind::Promotion,
        };
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
        let list = || vec![entry(Some("r1"), old), entry(Some("r2"), new)];
        let ids = |last: ReportEntry| {
            let mut entries = list();
            put_first(&mut entries, last);
            entries
                .into_iter()
                .map(|entry| entry.report_id)
                .collect::<Vec<_>>()
        };
        let some = |id: &str| Some(id.to_owned());
        assert_eq!(ids(entry(Some("r2"), new)), [some("r2"), some("r1")]);
        assert_eq!(ids(entry(None, new)), [some("r2"), some("r1")]);
        assert_eq!(ids(entry(Some("r3"), new)), [some("r3"), some("r1"), some("r2")]);
        assert_eq!(ids(entry(None, "")), [None, some("r1"), some("r2")]);
    }

    #[test]
    fn both_forms_of_a_date_are_read() {
        let at = |text: &str| date(text).map(|at| at.to_string());
        assert_eq!(
            at("2022-01-19T13:04:00Z").as_deref(),
            Some("2022-01-19T13:04:00Z")
        );
        assert_eq!(
            at("2022-01-27T15-23+00Z").as_deref(),
            Some("2022-01-27T15:23:00Z")
        );
        assert_eq!(at("yesterday"), None);
    }
}
