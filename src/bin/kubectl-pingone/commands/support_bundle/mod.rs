//! `support-bundle`: what others need to help. Everything in it is redacted, and its content is listed before it is
//! written.

mod objects;
mod operator;
mod redact;

use std::{collections::BTreeMap, fmt::Write as _};

use pingone_aic_operator::clock::Clock;

use super::{check, directory::Directory};
use crate::{
    Answer,
    arguments::SupportBundle,
    cluster::Cluster,
    failure::Failure,
    style::{Style, say},
    tree::draw,
};

/// Files by their paths, and what could not be had.
#[derive(Default)]
pub struct Bundle {
    files: BTreeMap<String, String>,
    missing: Vec<String>,
}

impl Bundle {
    /// Adds a text, redacted.
    fn add(&mut self, path: impl Into<String>, text: &str) {
        self.files.insert(path.into(), redact::text(text));
    }

    /// Adds what was had, or notes why it was not.
    fn add_or_note(&mut self, path: impl Into<String>, text: Result<String, Failure>) {
        match text {
            Ok(text) => self.add(path, &text),
            Err(failure) => self.missing.push(format!("{}: {failure}", path.into())),
        }
    }
}

pub async fn run(cluster: &Cluster, arguments: &SupportBundle) -> Result<Answer, Failure> {
    let directory = arguments.output.as_deref().map(Directory::claim).transpose()?;
    let mut bundle = Bundle::default();
    let operator_namespace = arguments.operator_namespace.as_deref();
    let found = check::observe(cluster, operator_namespace).await;
    bundle.add("check.txt", &draw(&found, true, Style::plain()));
    bundle.add("versions.txt", &versions(cluster).await);
    objects::collect(cluster, arguments.all_namespaces, &mut bundle).await;
    operator::collect(cluster, operator_namespace, &mut bundle).await;
    let content = content(&bundle);
    say(&content);
    match directory {
        Some(directory) => {
            bundle.files.insert("CONTENT.txt".to_owned(), content);
            directory.write(&bundle.files)?;
        }
        None => say("\nNothing was written: name a new directory with --output.\n"),
    }
    if bundle.missing.is_empty() {
        Ok(Answer::Yes)
    } else {
        Err(Failure::Unknown("not everything could be collected".to_owned()))
    }
}

/// What this was asked of, when, and by what.
async fn versions(cluster: &Cluster) -> String {
    let server = match cluster.client.apiserver_version().await {
        Ok(version) => version.git_version,
        Err(error) => Failure::of("version", &error).to_string(),
    };
    format!(
        "plugin {}\nKubernetes {server}\nnamespace {}\ntime {}\n",
        env!("CARGO_PKG_VERSION"),
        cluster.namespace,
        Clock::system().now()
    )
}

/// What is in it, and what is not.
fn content(bundle: &Bundle) -> String {
    let mut text = "Names of tenants, environments, ESVs and objects are in it; JWTs, the values of others' annotations and of Secrets are not.\n\n".to_owned();
    for (path, file) in &bundle.files {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:>9}  {path}", file.len());
    }
    for missing in &bundle.missing {
        let _ = writeln!(text, "  missing  {}", redact::text(missing));
    }
    text
}
