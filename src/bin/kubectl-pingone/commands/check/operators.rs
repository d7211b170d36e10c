//! The operators of the cluster: Deployments of the chart, read as their own programs read their command lines.

use clap::{Args as _, Command, FromArgMatches as _, builder::Resettable};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Container};
use kube::{Api, ResourceExt as _, api::ListParams};
use pingone_aic_operator::runtime::Options;

use super::{good, problem};
use crate::{cluster::Cluster, failure::Failure, tree::Node};

/// What the chart calls itself.
pub const LABELS: &str = "app.kubernetes.io/name=pingone-aic-operator";
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

/// Those of the cluster, or of the namespace for whoever may not see more.
pub async fn find(cluster: &Cluster) -> Result<Vec<Operator>, Failure> {
    let parameters = ListParams::default().labels(LABELS);
    let everywhere: Api<Deployment> = Api::all(cluster.client.clone());
    let listed = match everywhere.list(&parameters).await {
        Err(kube::Error::Api(status)) if status.code == 403 => cluster.api().list(&parameters).await,
        listed => listed,
    };
    let what = format!("deployments in namespace {}", cluster.namespace);
    let listed = listed.map_err(|error| Failure::of(&what, &error))?;
    Ok(listed.items.iter().filter_map(operator).collect())
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
    pub fn look(&self) -> Vec<Node> {
        let mut findings = vec![self.pods(), self.same_version()];
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

    fn same_version(&self) -> Node {
        let what = "version";
        let own = env!("CARGO_PKG_VERSION");
        match self.version.as_deref() {
            Some(version) if version == own => good(what, version),
            version => {
                let version = version.unwrap_or("unknown");
                problem(
                    what,
                    format!("it is {version}, and this plugin is {own}: use the same"),
                )
            }
        }
    }

    /// Whether it sees to a namespace.
    pub fn watches(&self, namespace: &str) -> bool {
        self.options.as_ref().is_ok_and(|options| {
            options.watch_namespaces.is_empty()
                || options
                    .watch_namespaces
                    .iter()
                    .any(|watched| watched == namespace)
        })
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
