//! The promotion group as the objects describe it, and whether its stages fit together. No I/O.

use std::{collections::BTreeSet, sync::Arc};

use kube::ResourceExt;

use crate::{
    api::{AICIntegration, PromotionSpec, TenantEnvironment},
    controller::tenant::names::Names,
    http::Host,
};

/// An integration of a stage, with its names in the tenant.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) integration: Arc<AICIntegration>,
    pub(super) names: Names,
}

/// The members of each stage that exist.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) stages: Vec<Vec<Member>>,
    /// Faults that only another Promotion or other integrations can correct.
    pub(super) faults: Vec<String>,
    /// What is missing and may come.
    pub(super) missing: Vec<String>,
}

impl Group {
    /// Reads the group; `find` finds an integration of the Promotion's namespace.
    pub(super) fn of(spec: &PromotionSpec, find: impl Fn(&str) -> Option<Arc<AICIntegration>>) -> Self {
        let mut group = Self::default();
        for stage in &spec.order {
            let mut members = Vec::new();
            for name in &stage.integrations {
                match find(name) {
                    None => group.missing.push(format!(
                        "AICIntegration {name} of stage {} does not exist: create it",
                        stage.name
                    )),
                    Some(integration) => match Names::of(&integration) {
                        Some(names) => members.push(Member { integration, names }),
                        None => group.missing.push(format!(
                            "AICIntegration {name} has no name yet: it is derived from its credential"
                        )),
                    },
                }
            }
            group.stages.push(members);
        }
        group.check_environments(spec);
        group.check_names(spec);
        group
    }

    /// The host of a stage.
    pub(super) fn host(&self, index: usize) -> Option<&Host> {
        Some(&self.stages.get(index)?.first()?.names.host)
    }

    fn check_environments(&mut self, spec: &PromotionSpec) {
        let mut faults = Vec::new();
        let mut before: Option<(&str, TenantEnvironment)> = None;
        let mut hosts: Vec<(&Host, &str)> = Vec::new();
        for (members, stage) in self.stages.iter().zip(&spec.order) {
            let environments: BTreeSet<_> = members
                .iter()
                .map(|member| member.integration.spec.tenant.environment.as_str())
                .collect();
            let on: BTreeSet<_> = members.iter().map(|member| member.names.host.as_str()).collect();
            if on.len() > 1 {
                let on: Vec<_> = on.into_iter().collect();
                faults.push(format!(
                    "stage {} is on several hosts ({}): a stage is one environment",
                    stage.name,
                    on.join(", ")
                ));
            }
            if environments.len() > 1 {
                faults.push(format!(
                    "stage {} mixes kinds of environment: a stage is one environment",
                    stage.name
                ));
            }
            let Some(first) = members.first() else {
                before = None;
                continue;
            };
            let environment = first.integration.spec.tenant.environment;
            if environment == TenantEnvironment::Sandbox {
                faults.push(format!(
                    "stage {} is a sandbox, which is in no promotion group",
                    stage.name
                ));
            }
            if let Some((lower, kind)) = before
                && !is_step(kind, environment)
            {
                faults.push(format!(
                    "stage {} ({}) cannot follow {lower} ({}): a promotion goes from Development through UAT, if there is one, to Staging and Production, without gaps",
                    stage.name,
                    environment.as_str(),
                    kind.as_str()
                ));
            }
            if let Some((_, other)) = hosts.iter().find(|(host, _)| **host == first.names.host) {
                faults.push(format!(
                    "stages {other} and {} are the same environment, {}",
                    stage.name, first.names.host
                ));
            }
            hosts.push((&first.names.host, &stage.name));
            before = Some((&stage.name, environment));
        }
        self.faults.extend(faults);
    }

    /// A promotion copies worker and mapping, which refer to label and ESV, so these must be the same everywhere.
    fn check_names(&mut self, spec: &PromotionSpec) {
        if !self.missing.is_empty() {
            return;
        }
        let names = |members: &[Member]| -> BTreeSet<String> {
            members
                .iter()
                .map(|Member { names, .. }| {
                    format!(
                        "{}/{} with label {} and {}",
                        names.realm.as_str(),
                        names.worker,
                        names.label,
                        names.esv
                    )
                })
                .collect()
        };
        let mut stages = self.stages.iter().zip(&spec.order);
        let Some((first, lowest)) = stages.next() else {
            return;
        };
        let wanted = names(first);
        let mut faults = Vec::new();
        for (members, stage) in stages {
            let found = names(members);
            if found != wanted {
                let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
                faults.push(format!(
                    "stages {} and {} differ: {} there, {} here. Realm, spec.name, spec.secretLabelIdentifier and spec.esvId must be the same in the whole group",
                    lowest.name,
                    stage.name,
                    list(&wanted),
                    list(&found)
                ));
            }
        }
        self.faults.extend(faults);
    }
}

/// Whether a promotion leads from one kind of environment to the next.
fn is_step(lower: TenantEnvironment, upper: TenantEnvironment) -> bool {
    use TenantEnvironment::{Development, Production, Staging, Uat};
    matches!(
        (lower, upper),
        (Development | Uat, Uat | Staging) | (Staging, Production)
    )
}

/// The name of an integration, for messages.
pub(super) fn name_of(member: &Member) -> String {
    member.integration.name_any()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn integration(stage: &str, environment: &str, change: &Value) -> AICIntegration {
        let mut spec = json!({
            "connectionRef": {"name": stage}, "name": "Protect", "realm": "alpha",
            "tenant": {
                "url": format!("https://openam-{stage}.id.forgerock.io"), "environment": environment,
                "serviceAccountSecretRef": {"name": stage},
            },
        });
        for (field, value) in change.as_object().into_iter().flatten() {
            spec[field] = value.clone();
        }
        serde_json::from_value(json!({"metadata": {"name": stage}, "spec": spec})).unwrap()
    }

    /// A group of two stages, as it is found at fault.
    fn faults(kinds: [&str; 2], change: &Value) -> Vec<String> {
        let members = [
            integration("lower", kinds[0], &Value::Null),
            integration("upper", kinds[1], change),
        ];
        let stage = |name: &str| json!({"name": name, "integrations": [name]});
        let spec = json!({"order": [stage("lower"), stage("upper")], "upTo": "upper"});
        let spec: PromotionSpec = serde_json::from_value(spec).unwrap();
        let find = |name: &str| {
            let member = members.iter().find(|member| member.name_any() == name);
            member.cloned().map(Arc::new)
        };
        let group = Group::of(&spec, find);
        assert_eq!(group.missing, Vec::<String>::new());
        group.faults
    }

    #[test]
    fn a_promotion_goes_one_step_up() {
        let kinds = ["Development", "UAT", "Staging", "Production", "Sandbox"];
        let legal = [
            ["Development", "UAT"],
            ["Development", "Staging"],
            ["UAT", "UAT"],
            ["UAT", "Staging"],
            ["Staging", "Production"],
        ];
        for lower in kinds {
            for upper in kinds {
                let faults = faults([lower, upper], &Value::Null);
                let is_legal = legal.contains(&[lower, upper]);
                assert_eq!(faults.is_empty(), is_legal, "{lower} to {upper}: {faults:?}");
            }
        }
    }

    #[test]
    fn what_a_promotion_copies_has_one_name_everywhere() {
        for change in [
            json!({"name": "Other"}),
            json!({"realm": "bravo"}),
            json!({"secretLabelIdentifier": "other"}),
            json!({"esvId": "esv-other"}),
        ] {
            let faults = faults(["Development", "Staging"], &change);
            let [fault] = faults.as_slice() else {
                panic!("{change}: {faults:?}");
            };
            assert!(fault.contains("stages lower and upper differ"), "{fault}");
        }
        let url = "https://openam-lower.id.forgerock.io";
        let same = json!({"tenant": {
            "url": url, "environment": "Staging", "serviceAccountSecretRef": {"name": "upper"},
        }});
        let faults = faults(["Development", "Staging"], &same);
        assert!(faults[0].contains("the same environment"), "{faults:?}");
    }
}
