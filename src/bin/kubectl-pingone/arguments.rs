//! The command line: the options are those of every kubectl plugin.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use pingone_aic_operator::{api::TenantEnvironment, http::BaseUrl};

use crate::target::{self, Kind, Target};

/// See, move, check and import PingOne connections, integrations and promotions.
///
/// Exit status: 0 done, or yes; 1 the answer is no, or somebody is needed; 2 the command line is wrong; 3 the cluster
/// does not answer, or refuses.
#[derive(Debug, Parser)]
#[command(name = "kubectl-pingone", bin_name = "kubectl pingone", version, about)]
pub struct Arguments {
    #[command(flatten)]
    pub access: Access,
    #[command(subcommand)]
    pub command: Command,
}

/// Which cluster, and as whom.
#[derive(Debug, Args)]
pub struct Access {
    /// The kubeconfig. Default: $KUBECONFIG, or ~/.kube/config.
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig. Default: the current one.
    #[arg(long, global = true)]
    pub context: Option<String>,
    /// The namespace. Default: the context's.
    #[arg(long, short, global = true, value_parser = target::namespace)]
    pub namespace: Option<String>,
}

/// How it is printed.
#[derive(Clone, Copy, Debug, Args)]
pub struct Form {
    /// The form of what is printed.
    #[arg(long, short, value_enum, default_value = "text")]
    pub output: Output,
}

/// The form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// The same, with every message.
    Wide,
    /// For programs.
    Json,
    /// For programs.
    Yaml,
    /// For a comment on a pull request: of diff alone.
    #[value(skip)]
    Markdown,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show where everything stands: groups, environments, integrations, connections, runs.
    Status(Status),
    /// Show what a run would promote to its next stage: this run's and others', deletions first.
    Diff(Diff),
    /// Raise a run's gate to its next stage, and pin what it shows now.
    Promote(Promote),
    /// Accept the content that a held run shows.
    Accept(Change),
    /// Stop a run at the next safe point, for good.
    Abort(Run),
    /// Stop all work on an object. What is under way under a lock ends first.
    Suspend(Named),
    /// Continue work on an object.
    Resume(Named),
    /// Ask the operator to check an object now.
    CheckNow(Named),
    /// Say whether a connection's former credential may be revoked.
    RotateCheck(RotateCheck),
    /// Say what a reason means, and what to do.
    Explain(Explain),
    /// Show the public claims of a JWT credential, without any call, and what follows from them for manifests.
    Decode(Decode),
    /// Check the installation: CRDs, operators, their Leases and rights, allow-lists, and what they cannot reach.
    Check(Check),
    /// Collect what others need to help: objects, events, logs and metrics, redacted. Without a directory, only list it.
    SupportBundle(SupportBundle),
    /// Write manifests that adopt the integrations that people made in a tenant's console. Nothing in the tenant changes.
    Import(Import),
    /// Serve a page on this machine that shows where everything stands, and updates itself.
    Board(Board),
    /// Print a completion script.
    Completion(Completion),
    /// Write the man pages.
    Man(Man),
}

#[derive(Debug, Args)]
pub struct Status {
    /// All namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// Show only what needs a person. Exit status 1 if anything does.
    #[arg(long)]
    pub problems: bool,
    /// Show it again whenever something changes.
    #[arg(long, short)]
    pub watch: bool,
    #[command(flatten)]
    pub form: Form,
}

#[derive(Debug, Args)]
pub struct Run {
    /// The Promotion's name.
    #[arg(value_parser = run)]
    pub run: String,
    #[command(flatten)]
    pub form: Form,
}

#[derive(Debug, Args)]
pub struct Diff {
    /// The Promotion's name.
    #[arg(value_parser = run)]
    pub run: String,
    /// The form of what is printed: text, wide, json, yaml, or markdown for a comment on a pull request.
    #[arg(long, short, value_parser = output_or_markdown, default_value = "text")]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Change {
    /// The Promotion's name.
    #[arg(value_parser = run)]
    pub run: String,
    /// Print the lines for a commit, and change nothing.
    #[arg(long)]
    pub print: bool,
    /// Only if the content has this hash, as diff showed it.
    #[arg(long, value_name = "HASH")]
    pub hash: Option<String>,
    #[command(flatten)]
    pub form: Form,
}

#[derive(Debug, Args)]
pub struct Promote {
    #[command(flatten)]
    pub change: Change,
    /// The stage to promote to: the next one.
    #[arg(long, value_name = "STAGE")]
    pub to: String,
}

#[derive(Debug, Args)]
pub struct Named {
    /// The object: a Promotion's name, or KIND/NAME with kinds as kubectl knows them (aici/dev-alpha).
    #[arg(value_name = "[KIND/]NAME")]
    pub target: Target,
    #[command(flatten)]
    pub form: Form,
}

#[derive(Debug, Args)]
pub struct RotateCheck {
    /// The PingOneConnection's name.
    #[arg(value_parser = connection)]
    pub connection: String,
    /// The id of the credential that its Secret holds now (decode shows it as jti), for whoever may not read the Secret.
    #[arg(long, value_name = "ID")]
    pub holds: Option<String>,
    #[command(flatten)]
    pub form: Form,
}

#[derive(Debug, Args)]
pub struct Explain {
    /// The reason of a condition or an event.
    pub reason: String,
    #[command(flatten)]
    pub form: Form,
}

#[derive(Debug, Args)]
pub struct Decode {
    /// The file with the JWT; - for standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub form: Form,
}

#[derive(Debug, Args)]
pub struct Import {
    /// The tenant's URL, as spec.tenant.url has it.
    #[arg(long, value_name = "URL", value_parser = tenant)]
    pub tenant: BaseUrl,
    /// The tenant's environment: Development, UAT, Staging, Production or Sandbox.
    #[arg(long, value_name = "KIND", value_parser = environment)]
    pub environment: TenantEnvironment,
    /// The Secret with a service account of this tenant, as the operator gets it: a manifest, or what `kubectl get secret
    /// -o yaml` prints; - for standard input.
    #[arg(long, value_name = "FILE")]
    pub service_account: PathBuf,
    /// Write ExternalSecrets that read the credentials from this ClusterSecretStore of External Secrets, instead of Secrets
    /// to fill in.
    #[arg(long, value_name = "NAME")]
    pub secret_store: Option<String>,
    /// Where to write the manifests: a new directory.
    #[arg(long, short, value_name = "DIRECTORY")]
    pub output: PathBuf,
}

#[derive(Debug, Args)]
pub struct Check {
    /// The namespace of the operator. Default: every one that you may see.
    #[arg(long, value_name = "NAMESPACE")]
    pub operator_namespace: Option<String>,
    #[command(flatten)]
    pub form: Form,
}

#[derive(Debug, Args)]
pub struct SupportBundle {
    /// All namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// The namespace of the operator. Default: every one that you may see.
    #[arg(long, value_name = "NAMESPACE")]
    pub operator_namespace: Option<String>,
    /// Where to write it: a new directory.
    #[arg(long, value_name = "DIRECTORY")]
    pub output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Board {
    /// All namespaces.
    #[arg(long, short = 'A')]
    pub all_namespaces: bool,
    /// The port on 127.0.0.1. Default: any that is free.
    #[arg(long, default_value = "0")]
    pub port: u16,
}

#[derive(Debug, Args)]
pub struct Man {
    /// The directory to write them into.
    pub directory: PathBuf,
}

#[derive(Debug, Args)]
pub struct Completion {
    /// The shell.
    pub shell: clap_complete::Shell,
}

fn run(text: &str) -> Result<String, String> {
    target::of(Kind::Promotion, text)
}

fn connection(text: &str) -> Result<String, String> {
    target::of(Kind::Connection, text)
}

fn output_or_markdown(text: &str) -> Result<Output, String> {
    if text == "markdown" {
        return Ok(Output::Markdown);
    }
    Output::from_str(text, false)
}

fn tenant(text: &str) -> Result<BaseUrl, String> {
    BaseUrl::parse(text, "").map_err(|error| error.to_string())
}

fn environment(text: &str) -> Result<TenantEnvironment, String> {
    let all = [
        TenantEnvironment::Development,
        TenantEnvironment::Uat,
        TenantEnvironment::Staging,
        TenantEnvironment::Production,
        TenantEnvironment::Sandbox,
    ];
    let known = all
        .into_iter()
        .find(|kind| kind.as_str().eq_ignore_ascii_case(text));
    known.ok_or_else(|| "give Development, UAT, Staging, Production or Sandbox".to_owned())
}
