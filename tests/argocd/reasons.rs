//! Every reason, with all that the operator can conclude with it: each in a status of the operator's own making.

use std::{collections::BTreeSet, fs};

use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use kube::core::DynamicObject;
use pingone_aic_harness::repository;
use pingone_aic_operator::api::{
    Conditions, ConnectionStatus, IntegrationStatus, PromotionPhase, PromotionStatus, Reason,
    conditions::{ACTIVE, CREDENTIAL_VALID, Conclusion, ESV_READY, Finding, SECRET_MAPPED, WORKER_READY},
};
use serde_json::{Value, json};

use crate::{
    judge::look_at,
    table::{Light, Table},
};

/// The reasons that `Ready` can have, by kind and by what is concluded.
const CONCLUDED: [(&str, Light, &str); 13] = [
    (
        "PingOneConnection",
        Light::Green,
        "CredentialAccepted CannotAskPingOne",
    ),
    ("PingOneConnection", Light::Suspended, "Suspended"),
    (
        "PingOneConnection",
        Light::Yellow,
        "SecretNotFound RateLimited PingOneUnavailable",
    ),
    (
        "PingOneConnection",
        Light::Red,
        "SecretKeyMissing CredentialMalformed ClaimMissing EnvironmentMismatch HostNotAllowed CredentialRefused \
         CRDOutdated",
    ),
    ("AICIntegration", Light::Green, "TestPassed AwaitingPromotion"),
    ("AICIntegration", Light::Suspended, "Suspended"),
    (
        "AICIntegration",
        Light::Yellow,
        "NotReached ConnectionNotFound ConnectionNotReady SecretNotFound TenantUnavailable RateLimited \
         WaitingForTurn EnvironmentLocked CredentialNotYetServed TestFailed Deleting",
    ),
    (
        "AICIntegration",
        Light::Red,
        "HostNotAllowed TenantNotAllowedForCredential SecretKeyMissing ServiceAccountInvalid ServiceAccountRefused \
         ScopeMissing TenantRefused OutsideSelector TenantOfAnotherInstallation NameUnderivable EsvNotOwned \
         WorkerNotOwned LabelNotOwned WorkerServiceDisabled OlderCredentialServed RestartNeeded ProductConnectionsNotSupported WorkerMissing DriftDetected CRDOutdated InvalidObject",
    ),
    ("Promotion", Light::Green, "Gated Succeeded AlreadyPromoted"),
    ("Promotion", Light::Suspended, "Suspended"),
    // Of a report that cannot be read every failure is tried again.
    (
        "Promotion",
        Light::Yellow,
        "PreflightFailed Queued Locking Running Unlocking Verifying LockOwnershipUnknown EnvironmentLocked \
         NotReached SecretNotFound TenantUnavailable RateLimited TenantRefused HostNotAllowed \
         ServiceAccountInvalid ServiceAccountRefused ScopeMissing ContentUnknown",
    ),
    ("Promotion", Light::Held, "ContentChanged DryRunDiffers"),
    // An account that is gone while a lock is open needs a person, and so does what runs on under a lock.
    (
        "Promotion",
        Light::Red,
        "GroupInvalid LockOwnershipUnknown LockLost LockAnswerLost LockFailed LockNotReleased DryRunFailed \
         MissingESVs EncryptedSecrets NothingToPromote PromotionFailed PromotionOverdue PromoteNotTaken \
         VerificationFailed RolledBack RollbackNotOurs RollbackNotProved Aborted Running NotReached SecretNotFound SecretKeyMissing \
         TenantUnavailable TenantRefused HostNotAllowed ServiceAccountInvalid ServiceAccountRefused ScopeMissing \
         CRDOutdated InvalidObject",
    ),
];

/// The reasons of other conditions, of stages and of events: nobody concludes anything with them.
const ELSEWHERE: &str = "ClaimsMatch EsvWritten WorkerConfigured LabelMapped LeftBehind LockAbandoned Inspected \
                         Promoted ReportIgnored";

fn reasons(names: &str) -> impl Iterator<Item = Reason> {
    names
        .split_whitespace()
        .map(|name| Reason::find(name).unwrap_or_else(|| panic!("{name} is no reason")))
}

fn conclusion(light: Light, reason: Reason) -> Conclusion {
    let message = "for the judges".to_owned();
    match light {
        Light::Green | Light::Suspended => Conclusion::Done(reason, message),
        Light::Red => Conclusion::Stalled(reason, message),
        Light::Yellow | Light::Held | Light::Going => Conclusion::InProgress(reason, message),
    }
}

/// The conditions after a conclusion. Others came before it, and the kind's other conditions say the contrary.
fn conditions(kind: &str, light: Light, reason: Reason) -> Conditions {
    let (mut conditions, now) = (Conditions::default(), Timestamp::UNIX_EPOCH);
    let contrary = if matches!(light, Light::Green | Light::Suspended) {
        Finding::no(reason, "contrary")
    } else {
        Finding::yes(reason, "contrary")
    };
    let others: &[_] = match kind {
        "PingOneConnection" => &[CREDENTIAL_VALID, ACTIVE],
        "AICIntegration" => &[ESV_READY, WORKER_READY, SECRET_MAPPED, ACTIVE],
        _ => &[],
    };
    for type_ in others {
        conditions.set(type_, &contrary, Some(1), now);
    }
    for light in [Light::Green, Light::Yellow, Light::Red, light] {
        conditions.conclude(&conclusion(light, reason), Some(1), now);
    }
    conditions
}

/// Where a run can stand with a conclusion.
fn phases(light: Light) -> &'static [PromotionPhase] {
    use PromotionPhase::{Aborted, Failed, Gated, Held, Pending, Queued, RolledBack, Running, Succeeded};
    match light {
        Light::Green => &[Pending, Running, Gated, Succeeded],
        Light::Red => &[Pending, Running, Failed, RolledBack, Aborted],
        Light::Yellow | Light::Going => &[Pending, Queued, Running],
        Light::Held => &[Held],
        Light::Suspended => &[Pending, Running, Gated, Held],
    }
}

/// The statuses of the first generation.
fn statuses(kind: &str, light: Light, reason: Reason) -> Vec<Value> {
    let (observed_generation, conditions) = (1, conditions(kind, light, reason));
    match kind {
        "PingOneConnection" => vec![json!(ConnectionStatus {
            observed_generation,
            conditions,
            ..ConnectionStatus::default()
        })],
        "AICIntegration" => vec![json!(IntegrationStatus {
            observed_generation,
            conditions,
            ..IntegrationStatus::default()
        })],
        _ => {
            let with = |phase: &PromotionPhase| {
                json!(PromotionStatus {
                    observed_generation,
                    conditions: conditions.clone(),
                    phase: Some(*phase),
                    ..PromotionStatus::default()
                })
            };
            phases(light).iter().map(with).collect()
        }
    }
}

fn object(kind: &str, generation: i64, status: &Value) -> DynamicObject {
    let object = json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": kind,
        "metadata": {"name": "judged", "namespace": "judged", "generation": generation},
        "spec": {
            "upTo": "dev", "order": [{"name": "dev"}, {"name": "staging"}],
            "tenant": {"url": "https://tenant.example.com"},
        },
        "status": status,
    });
    serde_json::from_value(object).unwrap()
}

#[test]
fn every_reason_is_judged_as_it_is_concluded() {
    let mut table = Table::default();
    for (kind, light, names) in CONCLUDED {
        for reason in reasons(names) {
            for status in statuses(kind, light, reason) {
                let current = object(kind, 1, &status);
                let mut going = current.clone();
                going.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
                table.add(&format!("{reason}: "), current, light);
                table.add("Pending deletion", going, Light::Going);
                table.add("not read this spec", object(kind, 2, &status), Light::Yellow);
            }
        }
    }
    table.check();
    table.check_that_broken_scripts_are_seen();
}

/// What sends a notification of these objects once, each in an Application of its own.
fn once(trigger: &str, statuses: &[(&str, Value)]) -> Vec<String> {
    let objects: Vec<_> = statuses
        .iter()
        .map(|(kind, status)| object(kind, 1, status))
        .collect();
    let verdicts = look_at(&objects);
    verdicts
        .into_iter()
        .map(|verdict| verdict.told.once[trigger].clone())
        .collect()
}

#[test]
fn what_a_person_has_seen_to_is_told_of_when_it_comes_back() {
    let (first, again) = ("2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z");
    let stalled = |since: &str, message: &str| {
        let mut status = statuses("AICIntegration", Light::Red, Reason::EsvNotOwned).remove(0);
        for condition in status["conditions"].as_array_mut().unwrap() {
            condition["lastTransitionTime"] = json!(since);
            condition["message"] = json!(message);
        }
        ("AICIntegration", status)
    };
    let held = |since: &str, message: &str| {
        let mut status = statuses("Promotion", Light::Held, Reason::ContentChanged).remove(0);
        let held = json!({"reason": "ContentChanged", "message": message, "since": since, "upTo": "staging"});
        status["stages"] = json!([{"name": "staging", "held": held}]);
        ("Promotion", status)
    };
    for (trigger, keys) in [
        (
            "on-pingone-degraded",
            once(
                "on-pingone-degraded",
                &[stalled(first, "a"), stalled(first, "b"), stalled(again, "a")],
            ),
        ),
        (
            "on-pingone-held",
            once(
                "on-pingone-held",
                &[held(first, "a"), held(first, "b"), held(again, "a")],
            ),
        ),
    ] {
        assert_eq!(keys[0], keys[1], "{trigger}: the same");
        assert_ne!(keys[0], keys[2], "{trigger}: anew");
    }
}

/// A new reason has to be put where it belongs.
#[test]
fn every_reason_is_known_to_the_judges() {
    let source = fs::read_to_string(repository().join("src/api/reason.rs")).unwrap();
    // Whatever else the source says: each reason is a word of it.
    let words = source.split(|letter: char| !letter.is_ascii_alphanumeric());
    let all: BTreeSet<_> = words.filter_map(Reason::find).collect();
    let concluded: BTreeSet<_> = CONCLUDED
        .iter()
        .flat_map(|(_, _, names)| reasons(names))
        .collect();
    let elsewhere: BTreeSet<_> = reasons(ELSEWHERE).collect();
    assert!(all.len() > 60, "{}", all.len());
    assert!(concluded.is_disjoint(&elsewhere));
    let known = &concluded | &elsewhere;
    let unknown: Vec<_> = all.difference(&known).collect();
    assert!(unknown.is_empty(), "nobody says how {unknown:?} is to be judged");
}
