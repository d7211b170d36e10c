//! What can be adopted, and what cannot and why: for a terminal, and for a review.

use std::fmt::Write as _;

use super::{
    manifests::{Manifests, Site},
    observe::{Importable, Seen},
};
use crate::style::{code, plain};

/// In Markdown.
pub fn of(site: &Site, manifests: &Manifests, workers: &[Seen]) -> String {
    let adopted = workers.iter().filter(|worker| worker.found.is_ok()).count();
    let mut text = format!(
        "# Import of https://{}\n\n{adopted} of {} workers can be adopted. Nothing in the tenant was changed.\n",
        site.host,
        workers.len()
    );
    // Writing to a String cannot fail.
    if adopted > 0 {
        let _ = write!(text, "\n## Next\n\n{}", next(site));
    }
    section(&mut text, "Can be adopted", workers, |worker, text| {
        let Ok(found) = &worker.found else { return false };
        let object = manifests.object(worker.realm, &worker.worker).unwrap_or_default();
        let _ = writeln!(text, "- {}: AICIntegration {object}", name(worker));
        describe(found, site, text);
        true
    });
    section(&mut text, "Cannot be adopted", workers, |worker, text| {
        let Err(obstacles) = &worker.found else {
            return false;
        };
        let _ = writeln!(text, "- {}", name(worker));
        for obstacle in obstacles {
            let _ = writeln!(text, "  - {}", code(obstacle));
        }
        true
    });
    text
}

fn next(site: &Site) -> String {
    let namespace = site.namespace.as_ref().map(|name| format!(" --namespace {name}"));
    let namespace = namespace.unwrap_or_default();
    let secrets = match &site.secret_store {
        Some(store) => format!(
            "1. Put each credential, and the service account, into the store behind ClusterSecretStore {}: under the name of its Secret, with the Secret's keys as properties.\n",
            plain(store)
        ),
        None => format!(
            "1. Fill in the files in `secrets`, each with the credential that it names, and create them: `kubectl create -f secrets{namespace}`, which overwrites no Secret. Never commit them.\n"
        ),
    };
    format!(
        "{secrets}2. Apply the manifests: `kubectl apply -k .`. The operator marks what it adopts. With the same credentials it changes nothing else.\n3. When all are Active, remove `adopt`, and set `driftPolicy` to `Correct` where the operator may correct drift.\n"
    )
}

fn section(
    text: &mut String,
    title: &str,
    workers: &[Seen],
    mut line: impl FnMut(&Seen, &mut String) -> bool,
) {
    let mut lines = String::new();
    for worker in workers {
        line(worker, &mut lines);
    }
    if !lines.is_empty() {
        let _ = write!(text, "\n## {title}\n\n{lines}");
    }
}

fn name(worker: &Seen) -> String {
    format!("{} in realm {}", code(&worker.worker), worker.realm.as_str())
}

fn describe(found: &Importable, site: &Site, text: &mut String) {
    let (esv, label) = (&found.adoption.esv, &found.adoption.label);
    let _ = writeln!(text, "  - ESV `{esv}`, label `{label}`");
    let environment = &found.environment;
    let _ = writeln!(
        text,
        "  - PingOne environment {} ({}), credential {}",
        code(&environment.name),
        plain(&environment.id),
        plain(&found.credential)
    );
    if found.is_bound_elsewhere(&site.host) {
        let _ = writeln!(
            text,
            "  - That environment's name does not lead to this tenant: an annotation of the Secret allows it"
        );
    }
    if found.adoption.needs_restart {
        let _ = writeln!(
            text,
            "  - Placeholders may use the ESV: a rotation waits for a restart of the tenant"
        );
    }
}
