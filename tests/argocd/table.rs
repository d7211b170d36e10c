//! The table: which state is what to Argo CD and to kstatus. Objects are collected, and judged all at once.

use std::path::Path;

use kube::core::DynamicObject;

use crate::judge;

/// What people shall see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Light {
    /// Nobody has to do anything.
    Green,
    /// The operator goes on by itself.
    Yellow,
    /// A person has to act.
    Red,
    /// A person has to decide.
    Held,
    /// A person has stopped it.
    Suspended,
    /// It is being deleted.
    Going,
}

impl Light {
    /// What Argo CD and kstatus call it.
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Green => ("Healthy", "Current"),
            Self::Yellow => ("Progressing", "InProgress"),
            Self::Red => ("Degraded", "Failed"),
            Self::Held => ("Suspended", "InProgress"),
            Self::Suspended => ("Suspended", "Current"),
            Self::Going => ("Progressing", "Terminating"),
        }
    }
}

/// Objects in the states that they were seen in.
#[derive(Default)]
pub struct Table(Vec<(String, DynamicObject, Light)>);

impl Table {
    /// Adds an object as it is now; `says` is a part of the message that Argo CD shows.
    pub fn add(&mut self, says: &str, object: DynamicObject, light: Light) {
        self.0.push((says.to_owned(), object, light));
    }

    pub fn objects(&self) -> impl Iterator<Item = &DynamicObject> {
        self.0.iter().map(|(_, object, _)| object)
    }

    /// What is not judged as it should be, by scripts that may be others.
    pub fn faults(&self, config_map: &Path) -> Vec<String> {
        let verdicts = judge::look_with(config_map, self.objects());
        let mut faults = Vec::new();
        for ((says, object, light), verdict) in self.0.iter().zip(verdicts) {
            let (argo, kstatus) = light.names();
            let found = (
                verdict.health.status.as_str(),
                verdict.kstatus.status.as_str(),
                verdict.health.message.contains(says),
            );
            if found != (argo, kstatus, true) {
                let kind = object.types.as_ref().map_or("", |types| &types.kind);
                faults.push(format!(
                    "{kind}: {says}: should be {light:?}, and is {verdict:?}; its status is {}",
                    object.data["status"]
                ));
            }
        }
        faults
    }

    /// Judges them all.
    pub fn check(&self) {
        let faults = self.faults(&crate::forms::config_map());
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}

/// Each line of the scripts that decides, and what would be left without it.
const BROKEN: [(&str, &str); 6] = [
    ("status.observedGeneration ~= obj.metadata.generation", "false"),
    ("stalled ~= nil and stalled.status == \"True\"", "false"),
    ("ready.status == \"True\"", "false"),
    ("ready.status == \"True\"", "true"),
    ("status.phase == \"Held\"", "false"),
    ("ready.reason == \"Suspended\"", "false"),
];

impl Table {
    /// Holds the judging itself against scripts that are broken: the table has to tell.
    pub fn check_that_broken_scripts_are_seen(&self) {
        let settings = std::fs::read_to_string(crate::forms::config_map()).unwrap();
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("broken-{}.yaml", std::process::id()));
        for (line, instead) in BROKEN {
            assert!(settings.contains(line), "no script holds {line}");
            std::fs::write(&file, settings.replace(line, instead)).unwrap();
            let faults = self.faults(&file);
            assert!(!faults.is_empty(), "nobody sees that {line} is {instead}");
        }
        std::fs::remove_file(&file).unwrap();
    }
}
