//! The operators of the cluster: Deployments of the chart, read as their own programs read their command lines.

use std::{collections::BTreeMap, fmt::Debug};

use clap::{Args as _, Command, FromArgMatches as _, builder::Resettable};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Container};
use kube::{
    Api, Resource, ResourceExt as _,
    api::ListParams,
    core::{NamespaceResourceScope, SelectorExt as _},
};
use pingone_aic_operator::runtime::Options;
use serde::de::DeserializeOwned;

use super::{good, problem};
use crate::{cluster::Cluster, failure::Failure, tree::Node};

/// What the chart calls itself.
const LABELS: &str = "app.kubernetes.io/name=pingone-aic-operator";
const VERSION_LABEL: &str = "app.kubernetes.io/version";
const VARIABLES: &str = "PINGONE_AIC_";

pub struct Operator {
    pub name: String,
    pub namespace: String,
    pub service_account: String,
    /// `Err`: why its command line cannot be read.
    pub options: Result<Options, String>,
    version: Option<String>,
    wanted: i32,
    available: i32,
}

/// Those of the namespace that was named, else of every one that may be seen.
pub async fn find(cluster: &Cluster, namespace: Option<&str>) -> Result<Vec<Operator>, Failure> {
    let deployments = in_operator_namespaces::<Deployment>(cluster, namespace).await?;
    Ok(deployments.iter().filter_map(operator).collect())
}

/// The objects of the chart's in the namespace that was named, else in the cluster; for whoever may not see that, in the
/// namespace at hand. Not to find one there shows nothing.
pub async fn in_operator_namespaces<K>(cluster: &Cluster, namespace: Option<&str>) -> Result<Vec<K>, Failure>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
{
    let parameters = ListParams::default().labels(LABELS);
    let client = || cluster.client.clone();
    let kind = K::plural(&());
    let (listed, place, is_whole) = match namespace {
        Some(namespace) => {
            let api: Api<K> = Api::namespaced(client(), namespace);
            (api.list(&parameters).await, namespace, true)
        }
        None => match Api::<K>::all(client()).list(&parameters).await {
            Err(kube::Error::Api(status)) if status.code == 403 => {
                let listed = cluster.api().list(&parameters).await;
                (listed, cluster.namespace.as_str(), false)
            }
            listed => (listed, "any namespace", true),
        },
    };
    let what = format!("{kind} in {place}");
    let items = listed.map_err(|error| Failure::of(&what, &error))?.items;
    match (items.is_empty(), is_whole) {
        (false, _) => Ok(items),
        (true, true) => Err(Failure::No(format!(
            "there are no {kind} of the operator's in {place}: install the chart"
        ))),
        (true, false) => Err(Failure::Unknown(format!(
            "there are no {kind} of the operator's in {place}, and you may not look elsewhere: name its namespace with --operator-namespace"
        ))),
    }
}

fn operator(deployment: &Deployment) -> Option<Operator> {
    let pod = deployment.spec.template.spec.as_ref()?;
    let container = pod
        .containers
        .iter()
        .find(|container| container.name == "operator")?;
    let status = deployment.status.as_ref();
    Some(Operator {
        name: deployment.name_any(),
        namespace: deployment.namespace().unwrap_or_default(),
        service_account: pod
            .service_account_name
            .clone()
            .unwrap_or_else(|| "default".to_owned()),
        options: options(container),
        version: deployment.labels().get(VERSION_LABEL).cloned(),
        wanted: deployment.spec.replicas.unwrap_or(1),
        available: status
            .and_then(|status| status.available_replicas)
            .unwrap_or_default(),
    })
}

/// What a pod is given as a variable counts as the flag that it stands for.
fn options(container: &Container) -> Result<Options, String> {
    let mut line = vec!["pingone-aic-operator".to_owned()];
    line.extend(container.args.iter().flatten().cloned());
    for variable in container.env.iter().flatten() {
        let (name, value) = (variable.name.strip_prefix(VARIABLES), &variable.value);
        if let (Some(name), Some(value)) = (name, value) {
            let flag = format!("--{}", name.to_lowercase().replace('_', "-"));
            if !line.iter().any(|given| given.split('=').next() == Some(&flag)) {
                line.push(format!("{flag}={value}"));
            }
        }
    }
    // Variables of whoever asks are not the pod's.
    let command = Options::augment_args(Command::new("pingone-aic-operator"));
    let command = command.mut_args(|argument| argument.env(Resettable::Reset));
    let matches = command.try_get_matches_from(line);
    let options = matches.and_then(|matches| Options::from_arg_matches(&matches));
    options.map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())
}

impl Operator {
    /// What its Deployment tells.
    pub fn observe(&self) -> Vec<Node> {
        let mut findings = vec![self.pods(), self.version()];
        match &self.options {
            Ok(options) => {
                findings.push(good("watches", watches(options)));
                let hosts = patterns(&options.allowed_tenant_hosts);
                findings.push(good("tenants", hosts));
                findings.push(good("PingOne", pingone(options)));
            }
            Err(error) => findings.push(problem("command line", format!("it cannot be read: {error}"))),
        }
        findings
    }

    fn pods(&self) -> Node {
        let what = "pods";
        let count = format!("{} of {} are available", self.available, self.wanted);
        if self.available >= 1 {
            good(what, count)
        } else {
            let (name, namespace) = (&self.name, &self.namespace);
            let remedy = format!("look at kubectl describe deployment {name} --namespace {namespace}");
            problem(what, format!("{count}: {remedy}"))
        }
    }

    /// Another version is no problem: the CRDs tell whether the two fit.
    fn version(&self) -> Node {
        let own = env!("CARGO_PKG_VERSION");
        let version = self.version.as_deref().unwrap_or("unknown");
        if version == own {
            return good("version", version);
        }
        good("version", format!("{version}; this plugin is {own}"))
    }

    /// Whether it watches a namespace.
    pub fn watches(&self, namespace: &str) -> bool {
        self.options.as_ref().is_ok_and(|options| {
            let watched = &options.watch_namespaces;
            watched.is_empty() || watched.iter().any(|watched| watched == namespace)
        })
    }

    /// Whether its selector has an object with these labels.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let selector = self
            .options
            .as_ref()
            .ok()
            .and_then(|options| options.selector.as_ref());
        selector.is_none_or(|selector| selector.matches(labels))
    }
}

fn watches(options: &Options) -> String {
    let namespaces = if options.watch_namespaces.is_empty() {
        "all namespaces".to_owned()
    } else {
        options.watch_namespaces.join(", ")
    };
    match &options.selector {
        Some(selector) => format!("{namespaces}; objects with {selector}"),
        None => namespaces,
    }
}

fn pingone(options: &Options) -> String {
    if options.allowed_pingone_hosts.is_empty() {
        return "the api. and auth. hosts of the six regions".to_owned();
    }
    patterns(&options.allowed_pingone_hosts)
}

fn patterns(patterns: &[impl ToString]) -> String {
    let patterns: Vec<_> = patterns.iter().map(ToString::to_string).collect();
    patterns.join(", ")
}
