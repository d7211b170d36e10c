//! Compares what is about to be promoted with what was approved or reviewed: rows 15b and 15c.
//!
//! The newest report identifies the content of the environment below, because only promotions change it. Development
//! has none, so only lists are compared there. Only lists of one kind are compared.

use crate::api::{AcceptedList, Approval, ContentPolicy, ListKind, Reason, StageStatus};

/// The source's value for "nothing was ever promoted to the environment below".
pub(in super::super) const NO_SOURCE: &str = "none";
/// The source's value for "it is not known which report is the newest".
pub(in super::super) const UNCLEAR_SOURCE: &str = "unclear";

/// The content that may be promoted.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Expected<'a> {
    /// The stage's entry in `spec.approved`.
    pub(in super::super) approved: Option<&'a Approval>,
    /// The newest report of the stage below, as this run recorded it when that stage ended.
    pub(in super::super) below: Option<&'a str>,
    pub(in super::super) policy: ContentPolicy,
    /// `spec.upTo`. A held stage continues when it changes.
    pub(in super::super) up_to: &'a str,
}

/// The observed content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in super::super) struct Content {
    pub(in super::super) source: Source,
    /// The hash of the provisional list, if it was read.
    pub(in super::super) provisional: Option<String>,
}

/// The newest real report of the environment below.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(in super::super) enum Source {
    /// Not read: there is nothing to compare, or it is Development.
    #[default]
    NotAsked,
    /// The report's id; `none` if there is none.
    Newest(String),
    /// The list lacks a known report, so it lags behind.
    Stale,
    /// These reports have the same date, and the tenant does not show which is the newest.
    Unclear(Vec<String>),
    /// It cannot be read now.
    Unread {
        why: String,
        /// Whether it stays so until a person does something.
        needs_person: bool,
    },
}

/// The result of the comparison.
#[derive(Debug, PartialEq)]
pub(super) enum Comparison {
    Same,
    /// It is not known for now; with whether a person has to act.
    Unknown(String, bool),
    Differs(Reason, String),
}

impl Expected<'_> {
    /// The report that must be the newest of the environment below.
    pub(in super::super) fn source<'a>(&'a self, stage: &'a StageStatus) -> Option<&'a str> {
        let approved = self.approved.and_then(|approved| approved.source.as_deref());
        let shown = || stage.accepted.as_ref()?.source.as_deref();
        approved.or(self.below).or_else(shown)
    }

    /// Whether to compare the provisional list: the accepted list is one, and no dry run was compared with it yet.
    pub(in super::super) fn reads_provisional(&self, stage: &StageStatus) -> bool {
        let accepted = stage
            .accepted
            .as_ref()
            .and_then(|accepted| accepted.hash.as_deref());
        self.approved.is_none()
            && stage
                .accepted
                .as_ref()
                .is_some_and(|accepted| accepted.of == ListKind::Provisional)
            && accepted.is_some()
            && dry_run_hash(stage) != accepted
    }
}

/// The hash of the dry run's list, once it is known.
pub(super) fn dry_run_hash(stage: &StageStatus) -> Option<&str> {
    let report = &stage.dry_run.as_ref()?.report;
    Some(report.totals.hash.as_str()).filter(|hash| !hash.is_empty())
}

/// Whether there is anything to compare with: an approval, a report that was left below, or a list that was shown.
pub(in super::super) fn is_compared(stage: &StageStatus, expected: &Expected<'_>) -> bool {
    expected.approved.is_some() || expected.below.is_some() || stage.accepted.is_some()
}

/// Before the lock there is no dry run to compare.
pub(super) fn compare(
    stage: &StageStatus,
    expected: &Expected<'_>,
    seen: &Content,
    is_locked: bool,
) -> Comparison {
    let source = expected.source(stage);
    let target = stage.target.as_ref();
    let is_from_development = target.is_none_or(|target| target.lower_service_account_secret_ref.is_none());
    if source == Some(UNCLEAR_SOURCE)
        || (source.is_none() && stage.accepted.is_some() && !is_from_development)
    {
        let message = "the environment below did not show what it contains when this was decided".to_owned();
        return Comparison::Differs(Reason::ContentChanged, message);
    }
    if let Some(source) = source {
        match &seen.source {
            Source::NotAsked => {}
            Source::Newest(newest) if newest == source => {}
            Source::Newest(newest) => {
                let message = format!(
                    "the newest report of the environment below is {newest}, and {source} is what {}: somebody has since promoted to it, or rolled it back",
                    whose(stage, expected)
                );
                return Comparison::Differs(Reason::ContentChanged, message);
            }
            // The approval names one of them.
            Source::Unclear(tied) if expected.approved.is_some() && tied.iter().any(|id| id == source) => {}
            Source::Unclear(tied) => {
                let message = format!(
                    "reports {} of the environment below have the same date, and the tenant does not show which is the newest: look in its console",
                    tied.join(" and ")
                );
                return Comparison::Differs(Reason::ContentChanged, message);
            }
            Source::Stale
                if expected
                    .approved
                    .is_some_and(|approved| approved.source.is_some()) =>
            {
                let message =
                    format!("the environment below lists no report {source}, which spec.approved names");
                return Comparison::Differs(Reason::ContentChanged, message);
            }
            Source::Stale => {
                let message =
                    format!("the environment below does not list report {source} yet, which must exist");
                return Comparison::Unknown(message, false);
            }
            Source::Unread { why, needs_person } => {
                let message = format!("the reports of the environment below cannot be read: {why}");
                return Comparison::Unknown(message, *needs_person);
            }
        }
    }
    match (expected.approved, &stage.accepted) {
        (Some(Approval { hash, .. }), _) if is_locked => compare_dry_run(stage, hash, "spec.approved names"),
        (
            None,
            Some(AcceptedList {
                hash: Some(hash), of, ..
            }),
        ) => match of {
            ListKind::DryRun if is_locked => compare_dry_run(stage, hash, "the dry run that was shown had"),
            ListKind::Provisional => compare_provisional(stage, hash, seen, is_locked),
            ListKind::DryRun | ListKind::Unknown => Comparison::Same,
        },
        _ => Comparison::Same,
    }
}

fn whose(stage: &StageStatus, expected: &Expected<'_>) -> &'static str {
    if expected.approved.is_some() {
        "spec.approved names"
    } else if expected.below.is_some() {
        "this run left there and verified"
    } else if stage.accepted.is_some() {
        "was shown at the gate"
    } else {
        "is expected"
    }
}

fn compare_dry_run(stage: &StageStatus, expected: &str, who: &str) -> Comparison {
    match dry_run_hash(stage) {
        Some(hash) if hash == expected => Comparison::Same,
        Some(hash) => Comparison::Differs(
            Reason::ContentChanged,
            format!("the dry run's list has the hash {hash}, and {who} {expected}"),
        ),
        None => Comparison::Unknown("the dry run's report cannot be read".to_owned(), false),
    }
}

fn compare_provisional(stage: &StageStatus, accepted: &str, seen: &Content, is_locked: bool) -> Comparison {
    let dry_run = dry_run_hash(stage);
    if is_locked && dry_run == Some(accepted) {
        return Comparison::Same;
    }
    match (&seen.provisional, dry_run) {
        (Some(now), _) if now != accepted => Comparison::Differs(
            Reason::ContentChanged,
            format!("the provisional list has the hash {now}, and {accepted} was shown at the gate"),
        ),
        _ if !is_locked => Comparison::Same,
        (_, Some(dry_run)) => Comparison::Differs(
            Reason::DryRunDiffers,
            format!(
                "the dry run's list has the hash {dry_run}, and the provisional list that was shown at the gate {accepted}"
            ),
        ),
        (_, None) => Comparison::Unknown("the dry run's report cannot be read".to_owned(), false),
    }
}

/// The line that accepts the present content: the hash of a dry run's list, and the source.
pub(in super::super) fn way_to_accept(stage: &str, hash: Option<&str>, source: Option<&str>) -> String {
    let source = source.map_or(String::new(), |source| format!(", source: \"{source}\""));
    match hash {
        Some(hash) => format!(
            "To accept it, set spec.approved: {{\"{stage}\": {{hash: \"{hash}\"{source}}}}}; to refuse it, lower spec.upTo below {stage}"
        ),
        None => format!(
            "To accept it, take a dry run's hash from a Promotion of mode DryRun, and set spec.approved: {{\"{stage}\": {{hash: \"<that hash>\"{source}}}}}; to refuse it, lower spec.upTo below {stage}"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::DryRunStatus;

    #[allow(clippy::unnecessary_wraps, reason = "it is a field of a status")]
    fn accepted(of: ListKind, source: Option<&str>, hash: Option<&str>) -> Option<AcceptedList> {
        Some(AcceptedList {
            source: source.map(Into::into),
            hash: hash.map(Into::into),
            of,
            seen_at: None,
        })
    }

    fn stage(accepted: Option<AcceptedList>, dry_run: Option<&str>) -> StageStatus {
        let mut found = DryRunStatus::default();
        found.report.totals.hash = dry_run.unwrap_or_default().to_owned();
        StageStatus {
            name: "production".into(),
            accepted,
            dry_run: dry_run.map(|_| found),
            ..StageStatus::default()
        }
    }

    fn approval(hash: &str, source: Option<&str>) -> Approval {
        Approval {
            hash: hash.into(),
            source: source.map(Into::into),
        }
    }

    fn seen(source: Source, provisional: Option<&str>) -> Content {
        Content {
            source,
            provisional: provisional.map(Into::into),
        }
    }

    fn newest(id: &str) -> Source {
        Source::Newest(id.into())
    }

    /// The first letters of what came of it.
    fn told(comparison: &Comparison) -> &'static str {
        match comparison {
            Comparison::Same => "same",
            Comparison::Unknown(..) => "unknown",
            Comparison::Differs(Reason::DryRunDiffers, _) => "dry run differs",
            Comparison::Differs(..) => "changed",
        }
    }

    #[test]
    fn what_is_promoted_is_what_was_approved_or_looked_at() {
        use ListKind::{DryRun, Provisional};
        use Source::{NotAsked, Stale};
        let unclear = || Source::Unclear(vec!["r1".into(), "r2".into()]);
        let unread = || Source::Unread {
            why: "away".into(),
            needs_person: false,
        };
        let pin = |hash: &str, source| Some(approval(hash, source));
        let (under, before) = (true, false);
        #[rustfmt::skip]
        let table = [
            ("the gate was open from the start: nothing was looked at", None, None, None, newest("r2"), None, Some("h1"), under, "same"),
            // The source.
            ("nobody has promoted below since", None, Some("r1"), None, newest("r1"), None, Some("h1"), under, "same"),
            ("somebody has", None, Some("r1"), None, newest("r2"), None, Some("h1"), under, "changed"),
            ("somebody has, and it is seen before the lock", None, Some("r1"), None, newest("r2"), None, None, before, "changed"),
            ("a look at their content does not replace what was verified", None, Some("r1"), accepted(Provisional, Some("r2"), None), newest("r2"), None, Some("h1"), under, "changed"),
            ("a pin does", pin("h1", Some("r2")), Some("r1"), None, newest("r2"), None, Some("h1"), under, "same"),
            ("a pin of another source", pin("h1", Some("r1")), None, None, newest("r2"), None, Some("h1"), under, "changed"),
            ("a run that begins above development: the look's source", None, None, accepted(Provisional, Some("r1"), Some("h1")), newest("r1"), Some("h1"), Some("h1"), under, "same"),
            ("the same, and somebody has promoted", None, None, accepted(Provisional, Some("r1"), Some("h1")), newest("r2"), Some("h1"), Some("h1"), under, "changed"),
            ("nothing was ever promoted below", None, Some("none"), None, newest("none"), None, Some("h1"), under, "same"),
            ("the list lags behind", None, Some("r1"), None, Stale, None, Some("h1"), under, "unknown"),
            ("two reports of one moment", None, Some("r1"), None, unclear(), None, Some("h1"), under, "changed"),
            ("two reports of one moment, and a person says which", pin("h1", Some("r2")), Some("r1"), None, unclear(), None, Some("h1"), under, "same"),
            ("what stood below was unclear when the stage below ended", None, Some("unclear"), None, newest("r2"), None, Some("h1"), under, "changed"),
            ("a pin without a source does not hide what was left below", pin("h1", None), Some("r1"), None, newest("r2"), None, Some("h1"), under, "changed"),
            ("a pin of a report that is not there", pin("h1", Some("r9")), None, None, Stale, None, Some("h1"), under, "changed"),
            ("the environment below is away", None, Some("r1"), None, unread(), None, Some("h1"), under, "unknown"),
            ("it is away, and nothing has to be compared", None, None, None, unread(), None, Some("h1"), under, "same"),
            // A pinned list is a dry run's.
            ("the pinned list", pin("h1", None), None, None, NotAsked, None, Some("h1"), under, "same"),
            ("another list than the pinned one", pin("h1", None), None, None, NotAsked, None, Some("h2"), under, "changed"),
            ("a pin is not compared before there is a dry run", pin("h1", None), None, None, NotAsked, Some("h2"), None, before, "same"),
            ("a pin replaces what was looked at", pin("h2", None), None, accepted(Provisional, None, Some("h1")), NotAsked, Some("h1"), Some("h2"), under, "same"),
            ("the dry run's report cannot be read", pin("h1", None), None, None, NotAsked, None, None, under, "unknown"),
            // A list that was looked at.
            ("the dry run that was shown", None, None, accepted(DryRun, None, Some("h1")), NotAsked, None, Some("h1"), under, "same"),
            ("another dry run", None, None, accepted(DryRun, None, Some("h1")), NotAsked, None, Some("h2"), under, "changed"),
            ("a dry run is not compared with a provisional list", None, None, accepted(DryRun, None, Some("h1")), NotAsked, Some("h2"), None, before, "same"),
            ("the provisional list is the one that was shown", None, None, accepted(Provisional, None, Some("h1")), NotAsked, Some("h1"), None, before, "same"),
            ("it has changed before the lock", None, None, accepted(Provisional, None, Some("h1")), NotAsked, Some("h2"), None, before, "changed"),
            ("it cannot be had before the lock: the dry run decides", None, None, accepted(Provisional, None, Some("h1")), NotAsked, None, None, before, "same"),
            ("the dry run lists the same", None, None, accepted(Provisional, None, Some("h1")), NotAsked, None, Some("h1"), under, "same"),
            ("the provisional list is unchanged, and the dry run lists something else", None, None, accepted(Provisional, None, Some("h1")), NotAsked, Some("h1"), Some("h2"), under, "dry run differs"),
            ("the provisional list has changed, too", None, None, accepted(Provisional, None, Some("h1")), NotAsked, Some("h2"), Some("h2"), under, "changed"),
            ("under a lock the provisional list cannot be had", None, None, accepted(Provisional, None, Some("h1")), NotAsked, None, Some("h2"), under, "dry run differs"),
            ("no list could be shown at the gate", None, None, accepted(Provisional, None, None), NotAsked, Some("h2"), Some("h2"), under, "same"),
        ];
        for (what, approved, below, accepted, source, provisional, dry_run, is_locked, expected) in table {
            let stage = stage(accepted, dry_run);
            let rules = Expected {
                approved: approved.as_ref(),
                below,
                ..Expected::default()
            };
            let comparison = compare(&stage, &rules, &seen(source, provisional), is_locked);
            assert_eq!(told(&comparison), expected, "{what}: {comparison:?}");
        }
    }

    #[test]
    fn the_line_that_accepts_a_list_can_be_copied() {
        let line = way_to_accept("production", Some("h1"), Some("r1"));
        assert!(
            line.contains("spec.approved: {\"production\": {hash: \"h1\", source: \"r1\"}}"),
            "{line}"
        );
        let line = way_to_accept("staging", Some("h1"), None);
        assert!(
            line.contains("spec.approved: {\"staging\": {hash: \"h1\"}}"),
            "{line}"
        );
    }
}
