//! The operator at work on one machine: a real Kubernetes control plane, the vendors simulated behind their own
//! host names, the operator installed from its chart, and the objects of `deploy/samples/`.

mod progress;
mod vendors;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use kube::ResourceExt as _;
use pingone_aic_harness::{ControlPlane, Namespace, Operator, Programs, Values, operator_binary, repository};
use pingone_aic_operator::api::{AICIntegration, PingOneConnection, Promotion};
use pingone_aic_simulator::Network;
use serde_json::{Value, json};
use tokio::task::spawn_blocking;

/// Shows the operator at work on this machine, with simulated PingOne environments and tenants.
#[derive(Parser)]
struct Options {
    /// Leave it running until Ctrl-C, to be explored with kubectl.
    #[arg(long)]
    keep: bool,
}

/// The environments and the run of the samples, without UAT and without their Secrets' placeholders.
const FILES: [&str; 5] = ["development", "staging", "production", "sandbox", "promotion"];

/// What is in these files.
struct Manifests {
    connections: Vec<PingOneConnection>,
    integrations: Vec<AICIntegration>,
    promotions: Vec<Promotion>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Options { keep } = Options::parse();
    let folder = repository().join("deploy/samples").canonicalize()?;
    let files = FILES.map(|file| folder.join(file).with_extension("yaml"));
    let manifests = Manifests::read(&files)?;

    step("Building the operator");
    let binary = spawn_blocking(operator_binary).await??;

    step("Starting a Kubernetes control plane: etcd, kube-apiserver and kube-controller-manager");
    note("The first time this builds them, kubectl and helm from source: about ten minutes on two cores.");
    note("After that it uses a cache and takes seconds.");
    let control_plane = ControlPlane::start().await?;
    let namespace = Namespace::create(&control_plane, "demo").await?;

    step("Simulating PingOne and the tenants, each with a credential and a service account of its own");
    let network = Network::start().await;
    vendors::provide(&network, &namespace, &manifests).await?;
    let journal = network.clone();
    namespace.explain_with("calls to the vendors", move || lines(&journal.journal()));

    step("helm install operator charts/pingone-aic-operator");
    let values = Values::new(binary)
        .vendors(&network.proxy_url(), &network.ca_pem())
        .set(json!({"crds": {"enabled": true}}));
    let explain = |_: &anyhow::Error| eprintln!("{}", namespace.explain());
    // Dropping it ends the operator.
    let operator = Operator::install(&namespace, values).await.inspect_err(explain)?;

    step(&format!(
        "kubectl apply --filename deploy/samples/{{{}}}.yaml",
        FILES.join(",")
    ));
    note("✓ True   – False   ? Unknown");
    let mut apply = vec!["apply", "--namespace", namespace.name()];
    for file in &files {
        let file = file.to_str().context("the repository's path is not UTF-8")?;
        apply.extend(["--filename", file]);
    }
    tokio::try_join!(
        control_plane.kubectl(&apply),
        progress::follow(&namespace, progress::goals(&manifests))
    )
    .inspect_err(explain)?;

    for promotion in &manifests.promotions {
        let (name, last) = (promotion.name_any(), promotion.spec.order.last());
        let gate = json!({"spec": {"upTo": last.map(|stage| &stage.name)}});
        step(&format!(
            "kubectl patch promotion {name} --type merge --patch '{gate}'"
        ));
        note("This raises the gate. In a company, a commit does that, and Argo CD syncs it.");
        namespace.patch("Promotion", &name, &gate).await?;
    }
    progress::follow(&namespace, progress::goals_beyond_the_gate(&manifests))
        .await
        .inspect_err(explain)?;
    for promotion in &manifests.promotions {
        step(&format!("What Promotion {} has changed", promotion.name_any()));
        progress::print_reports(&namespace, &promotion.name_any()).await?;
    }

    step("kubectl get pingone");
    let get = ["get", "pingone", "--namespace", namespace.name()];
    println!("{}", control_plane.kubectl(&get).await?);
    let violations = network.openapi_violations();
    ensure!(
        violations.is_empty(),
        "messages departed from the vendor's OpenAPI description:\n{}",
        lines(&violations)
    );
    let calls = network.position();
    println!("Every environment is Active and unlocked, after {calls} calls to the vendors.");

    if keep {
        let kubectl = spawn_blocking(Programs::locate).await??.kubectl;
        println!("\n▸ Running until Ctrl-C. To explore it from another terminal:\n");
        println!(
            "KUBECONFIG={} {} --namespace {} describe pingone",
            control_plane.kubeconfig().display(),
            kubectl.display(),
            namespace.name()
        );
        println!("curl {}", operator.metrics_url()?);
        note("There is no kubelet: the operator runs beside this program, and no pod shows it.");
        tokio::signal::ctrl_c().await?;
    }
    Ok(())
}

impl Manifests {
    fn read(files: &[PathBuf]) -> Result<Self> {
        let (mut connections, mut integrations, mut promotions) = (Vec::new(), Vec::new(), Vec::new());
        for path in files {
            let read = || -> Result<Vec<Value>> {
                Ok(serde_saphyr::from_multiple(&std::fs::read_to_string(path)?)?)
            };
            for manifest in read().with_context(|| format!("failed to read {}", path.display()))? {
                match manifest["kind"].as_str() {
                    Some("PingOneConnection") => connections.push(serde_json::from_value(manifest)?),
                    Some("Promotion") => promotions.push(serde_json::from_value(manifest)?),
                    _ => integrations.push(serde_json::from_value(manifest)?),
                }
            }
        }
        Ok(Self {
            connections,
            integrations,
            promotions,
        })
    }
}

fn step(title: &str) {
    println!("\n▸ {title}");
}

fn note(text: &str) {
    println!("  {text}");
}

fn lines(items: &[impl ToString]) -> String {
    items.iter().map(|item| item.to_string() + "\n").collect()
}
