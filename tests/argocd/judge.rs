//! The judges: Argo CD's engine with the pasted scripts, and the kstatus library, both in one program.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    sync::OnceLock,
};

use kube::core::DynamicObject;
use pingone_aic_harness::ArgoCdPrograms;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::forms;

#[derive(Debug, Default, Deserialize)]
pub struct Verdict {
    #[serde(default)]
    pub health: Said,
    #[serde(default)]
    pub kstatus: Said,
    /// The resource actions, and whether each is offered.
    #[serde(default)]
    pub actions: BTreeMap<String, bool>,
    #[serde(default)]
    pub told: Told,
    /// What an action changes.
    #[serde(default)]
    pub patch: Value,
}

/// What reaches people of an Application that holds the object.
#[derive(Debug, Default, Deserialize)]
pub struct Told {
    /// By trigger, the text.
    #[serde(default)]
    pub notifications: BTreeMap<String, String>,
    /// By trigger, what Argo CD sends it once for.
    #[serde(default)]
    pub once: BTreeMap<String, String>,
    /// By title.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Said {
    #[serde(default, alias = "Status")]
    pub status: String,
    #[serde(default, alias = "Message")]
    pub message: String,
}

/// What is built and looked for once.
pub fn programs() -> &'static ArgoCdPrograms {
    static PROGRAMS: OnceLock<ArgoCdPrograms> = OnceLock::new();
    PROGRAMS.get_or_init(|| ArgoCdPrograms::locate().unwrap_or_else(|error| panic!("{error:#}")))
}

/// What is made of each object.
pub fn look_at<'a>(objects: impl IntoIterator<Item = &'a DynamicObject>) -> Vec<Verdict> {
    look_with(&forms::config_map(), objects)
}

/// The same, by other scripts.
pub fn look_with<'a>(
    config_map: &Path,
    objects: impl IntoIterator<Item = &'a DynamicObject>,
) -> Vec<Verdict> {
    judge(
        config_map,
        objects.into_iter().map(|object| json!({"object": object})),
    )
}

/// The merge patch that a resource action makes of an object.
pub fn act(object: &DynamicObject, action: &str) -> Value {
    let task = json!({"object": object, "action": action});
    judge(&forms::config_map(), [task]).pop().unwrap().patch
}

fn judge(config_map: &Path, tasks: impl IntoIterator<Item = Value>) -> Vec<Verdict> {
    let tasks: Vec<_> = tasks.into_iter().collect();
    let mut child = Command::new(&programs().judge)
        .arg(config_map)
        .args([forms::notifications(), forms::deep_links()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        // It also holds what Argo CD's packages log.
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let text = tasks.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
    // It answers while it is asked: with both pipes full, each would wait for the other.
    let asked = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {complaint}", output.status);
    asked.join().unwrap().unwrap();
    let verdicts: Vec<Verdict> = serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(verdicts.len(), tasks.len());
    verdicts
}
