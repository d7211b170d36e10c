//! The table: which state is what to Argo CD and to kstatus. Objects are collected, and judged all at once.

use std::{collections::BTreeMap, path::Path};

use kube::{ResourceExt as _, core::DynamicObject};
use pingone_aic_harness::condition;
use serde_json::Value;

use crate::judge::{self, Told};

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
            let kind = object.types.as_ref().map_or("", |types| &types.kind);
            let trigger = trigger(kind, object, *light);
            let is_told =
                is_told(&verdict.told, trigger, object) && verdict.told.links == links(kind, object);
            if found != (argo, kstatus, true) || !is_told {
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

/// What sends a notification of an object in this state, by what the operator itself says of it.
fn trigger(kind: &str, object: &DynamicObject, light: Light) -> Option<&'static str> {
    let is_run = kind == "Promotion";
    let (phase, reason) = (
        &object.data["status"]["phase"],
        &condition(object, "Ready")["reason"],
    );
    match light {
        Light::Held => Some("on-pingone-held"),
        Light::Green if is_run && phase == "Gated" && reason == "Gated" => Some("on-pingone-gated"),
        Light::Red if is_run && (phase == "Running" || reason == "LockOwnershipUnknown") => {
            Some("on-pingone-lock")
        }
        Light::Red if is_run => Some("on-pingone-failed"),
        Light::Red => Some("on-pingone-degraded"),
        _ => None,
    }
}

/// Whether just this is sent, with the object's name and why; and nothing of the object that has no health yet.
fn is_told(told: &Told, trigger: Option<&str>, object: &DynamicObject) -> bool {
    let sent: Vec<_> = told.notifications.keys().map(String::as_str).collect();
    let why = condition(object, "Ready")["message"].as_str().unwrap_or_default();
    let tells =
        |text: &String| text.contains(&object.name_any()) && text.contains(why) && !text.contains(" other: ");
    sent == Vec::from_iter(trigger) && told.notifications.values().all(tells)
}

/// The vendors' consoles that are one click away: where the operator has found what it looked for.
fn links(kind: &str, object: &DynamicObject) -> BTreeMap<String, String> {
    let text = |pointer: &str| object.data.pointer(pointer).and_then(Value::as_str);
    let link = match kind {
        "AICIntegration" if condition(object, "EsvReady")["status"] == "True" => {
            text("/spec/tenant/url").map(|url| ("Advanced Identity Cloud", url.to_owned()))
        }
        "PingOneConnection" if condition(object, "CredentialValid")["status"] == "True" => {
            text("/status/credential/authUrl")
                .zip(text("/status/credential/environmentId"))
                .map(|(url, id)| {
                    (
                        "PingOne",
                        format!("{}/?env={id}", url.replace("//auth.", "//console.")),
                    )
                })
        }
        _ => None,
    };
    link.map(|(title, url)| (title.to_owned(), url))
        .into_iter()
        .collect()
}

/// Each line of the scripts that decides, and what would be left without it.
const BROKEN: [(&str, &str); 8] = [
    ("status.observedGeneration ~= obj.metadata.generation", "false"),
    ("stalled ~= nil and stalled.status == \"True\"", "false"),
    ("ready.status == \"True\"", "false"),
    ("ready.status == \"True\"", "true"),
    ("status.phase == \"Held\"", "false"),
    ("ready.reason == \"Suspended\"", "false"),
    ("status.phase ~= nil", "false"),
    ("ready.reason ~= \"Suspended\"", "true"),
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
