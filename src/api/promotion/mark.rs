//! The mark of a run: the only text of the caller's that the platform keeps in its reports.

use super::super::FIELD_MANAGER;

/// The operator's mark in a run's description: `[pingone-aic-operator <key> stage=<stage> run=<uid>]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RunMark {
    /// `namespace/name`: a stage is promoted once under it.
    pub key: String,
    /// The stage's name.
    pub stage: String,
    /// The Promotion's uid.
    pub run: String,
}

impl RunMark {
    /// Finds the mark at the end of a description.
    #[must_use]
    pub fn find(description: &str) -> Option<Self> {
        let start = description.rfind(&format!("[{FIELD_MANAGER} "))?;
        let mark = description[start..].strip_prefix('[')?.strip_suffix(']')?;
        let [_, key, stage, run] = mark.split(' ').collect::<Vec<_>>()[..] else {
            return None;
        };
        Some(Self {
            key: key.to_owned(),
            stage: stage.strip_prefix("stage=")?.to_owned(),
            run: run.strip_prefix("run=")?.to_owned(),
        })
    }

    /// A description that bears the mark.
    #[must_use]
    pub fn describe(&self, description: Option<&str>) -> String {
        let Self { key, stage, run } = self;
        let mark = format!("[{FIELD_MANAGER} {key} stage={stage} run={run}]");
        description.map_or_else(|| mark.clone(), |text| format!("{text} {mark}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_at_the_end_of_a_description_and_nowhere_else() {
        let mark = RunMark {
            key: "ns/run".to_owned(),
            stage: "staging".to_owned(),
            run: "uid".to_owned(),
        };
        for description in [
            None,
            Some("Ticket 7"),
            Some("[pingone-aic-operator ns/other stage=x run=y]"),
        ] {
            assert_eq!(RunMark::find(&mark.describe(description)), Some(mark.clone()));
        }
        for other in [
            "",
            "Ticket 7",
            "[pingone-aic-operator ns/run stage=staging run=uid] and more",
            "[pingone-aic-operator]",
        ] {
            assert_eq!(RunMark::find(other), None, "{other}");
        }
    }
}
