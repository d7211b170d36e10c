//! An integration's names in its tenant, and other objects that claim them.

use kube::Resource;

use crate::{
    aic::{EsvId, IntegrationName, InvalidName, LabelIdentifier},
    api::{AICIntegration, Realm, Reason, conditions::READY},
    controller::engine::stores::age,
    http::{BaseUrl, Host},
};

/// An integration's names in its tenant.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) host: Host,
    pub(crate) realm: Realm,
    pub(crate) worker: IntegrationName,
    pub(crate) esv: EsvId,
    pub(crate) label: LabelIdentifier,
}

/// What two integrations cannot both have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claimed {
    Esv,
    Worker,
    Label,
}

impl Claimed {
    /// Whether an object's status shows that it has this thing already.
    fn is_possessed_by(self, object: &AICIntegration) -> bool {
        object.status.as_ref().is_some_and(|status| match self {
            Self::Esv => status.esv.as_ref().is_some_and(|esv| esv.version.is_some()),
            Self::Worker => status.worker.is_some(),
            Self::Label => status.mapping.is_some(),
        })
    }
}

impl Names {
    /// With a name that is known.
    pub(crate) fn new(
        object: &AICIntegration,
        host: Host,
        worker: IntegrationName,
    ) -> Result<Self, InvalidName> {
        let spec = &object.spec;
        let given = spec.esv_id.as_ref().map(|id| id.parse()).transpose()?;
        let esv = given.unwrap_or_else(|| worker.esv_id());
        let given = spec
            .secret_label_identifier
            .as_ref()
            .map(|label| label.parse())
            .transpose()?;
        let label = given.unwrap_or_else(|| worker.label_identifier());
        Ok(Self {
            host,
            realm: spec.realm,
            worker,
            esv,
            label,
        })
    }

    /// By the object alone: with the name in the spec, or the one that was derived once.
    pub(crate) fn of(object: &AICIntegration) -> Option<Self> {
        let latched = object.status.as_ref().and_then(|status| status.name.as_ref());
        let name = object.spec.name.as_ref().or(latched)?.parse().ok()?;
        let url = BaseUrl::parse(&object.spec.tenant.url, "").ok()?;
        Self::new(object, url.host().clone(), name).ok()
    }

    /// What both objects claim. An ESV belongs to the tenant, worker and label to their realm. This parses and copies
    /// nothing, because every reconciliation compares with every object.
    fn clash(&self, other: &AICIntegration) -> Option<Claimed> {
        if !self.host.is_of(&other.spec.tenant.url) {
            return None;
        }
        let latched = other.status.as_ref().and_then(|status| status.name.as_ref());
        let name = other.spec.name.as_ref().or(latched)?;
        let is_same_esv = match (&other.spec.esv_id, self.esv.as_str().strip_prefix("esv-")) {
            (Some(given), _) => given == self.esv.as_str(),
            (None, Some(derived)) => name.eq_ignore_ascii_case(derived),
            (None, None) => false,
        };
        let label = self.label.as_str();
        let is_same_label = match &other.spec.secret_label_identifier {
            Some(given) => given == label,
            None => name
                .bytes()
                .eq(label.bytes().map(|byte| if byte == b'.' { b'-' } else { byte })),
        };
        if is_same_esv {
            Some(Claimed::Esv)
        } else if self.realm != other.spec.realm {
            None
        } else if name == self.worker.as_str() {
            Some(Claimed::Worker)
        } else {
            is_same_label.then_some(Claimed::Label)
        }
    }

    /// What both objects claim and the other one keeps. The one whose status has it keeps it. If both or neither have
    /// it, the older one does.
    pub(crate) fn kept_by(&self, own: &AICIntegration, other: &AICIntegration) -> Option<Claimed> {
        let claimed = self.clash(other)?;
        let [other_has_it, own_has_it] = [other, own].map(|object| claimed.is_possessed_by(object));
        let keeps = match (other_has_it, own_has_it) {
            (true, false) => true,
            (false, true) => false,
            // An object whose claim was refused keeps nothing because of its age.
            _ => age(other.meta()) < age(own.meta()) && (other_has_it || !is_refused(other)),
        };
        keeps.then_some(claimed)
    }
}

/// Whether an object's claim was refused.
pub(crate) fn is_refused(object: &AICIntegration) -> bool {
    let status = object.status.as_ref();
    let ready = status.and_then(|status| status.conditions.get(READY));
    let refused = [Reason::EsvNotOwned, Reason::WorkerNotOwned, Reason::LabelNotOwned];
    ready.is_some_and(|ready| refused.iter().any(|reason| ready.reason == reason.as_str()))
}

#[cfg(test)]
mod tests {
    use kube::ResourceExt;
    use serde_json::json;

    use super::*;
    use crate::api::{EsvStatus, IntegrationStatus};

    fn integration(uid: &str, created: &str, realm: &str, name: Option<&str>) -> AICIntegration {
        let object = json!({
            "apiVersion": "pingone-aic.io/v1alpha1", "kind": "AICIntegration",
            "metadata": {"name": uid, "namespace": "ns", "uid": uid, "creationTimestamp": created},
            "spec": {
                "connectionRef": {"name": "c"}, "name": name, "realm": realm,
                "tenant": {
                    "url": "https://openam-a-ew2-dev.id.forgerock.io", "environment": "Development",
                    "serviceAccountSecretRef": {"name": "s"},
                },
            },
        });
        serde_json::from_value(object).unwrap()
    }

    #[test]
    fn the_older_of_two_keeps_what_both_claim() {
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z");
        let own = integration("m", new, "alpha", Some("One"));
        let older = |other: AICIntegration| {
            let names = Names::of(&own).unwrap();
            let claimed = names.kept_by(&own, &other)?;
            Some((other.name_any(), claimed))
        };
        let keeps = |name: &str| Some((name.to_owned(), Claimed::Esv));
        assert_eq!(older(integration("z", old, "alpha", Some("One"))), keeps("z"));
        assert_eq!(
            older(integration("z", old, "bravo", Some("One"))),
            keeps("z"),
            "one ESV for all realms"
        );
        assert_eq!(older(integration("a", new, "alpha", Some("One"))), keeps("a"));
        assert_eq!(older(integration("z", new, "alpha", Some("One"))), None);
        assert_eq!(older(integration("a", old, "alpha", Some("Two"))), None);
        assert_eq!(
            older(integration("a", old, "alpha", None)),
            None,
            "a name that is not known yet"
        );
        let mut same_worker = integration("a", old, "alpha", Some("One"));
        same_worker.spec.esv_id = Some("esv-other".to_owned());
        assert_eq!(older(same_worker), Some(("a".to_owned(), Claimed::Worker)));
        let mut same_label = integration("a", old, "alpha", Some("Two"));
        same_label.spec.secret_label_identifier = Some("One".to_owned());
        assert_eq!(older(same_label.clone()), Some(("a".to_owned(), Claimed::Label)));
        same_label.spec.realm = Realm::Bravo;
        assert_eq!(older(same_label), None, "a label belongs to its realm");
    }

    #[test]
    fn whoever_has_it_already_keeps_it_though_another_is_older() {
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z");
        let older = integration("a", old, "alpha", Some("One"));
        let mut younger = integration("b", new, "alpha", Some("One"));
        let keeps = |own: &AICIntegration, other: &AICIntegration| {
            Names::of(own).unwrap().kept_by(own, other) == Some(Claimed::Esv)
        };
        assert!(keeps(&younger, &older) && !keeps(&older, &younger));
        younger.status = Some(IntegrationStatus {
            esv: Some(EsvStatus {
                version: Some("1".to_owned()),
                ..EsvStatus::default()
            }),
            ..IntegrationStatus::default()
        });
        assert!(keeps(&older, &younger) && !keeps(&younger, &older));
    }
}
