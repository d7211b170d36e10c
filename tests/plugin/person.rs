//! Somebody with a kubeconfig, and few rights.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::Instant,
};

use aho_corasick::AhoCorasick;
use k8s_openapi::api::authorization::v1::SubjectAccessReview;
use kube::{Api, api::PostParams};
use pingone_aic_harness::{ControlPlane, TestNamespace};
use pingone_aic_simulator::Network;
use pingone_aic_support::REAL_PATIENCE;
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";

/// What a command printed, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub text: String,
    pub complaint: String,
}

/// A user of the cluster.
pub struct Person {
    network: Network,
    kubeconfig: PathBuf,
    pub user: String,
    /// Where there are rights outside of the namespace, which have to be removed.
    everywhere: Option<Arc<ControlPlane>>,
}

impl Person {
    /// Who may do this in the namespace: `verb,verb` and `group/resource,group/resource`, each. The operator's own kinds need
    /// no group.
    pub async fn who_may(
        network: &Network,
        namespace: &TestNamespace,
        name: &str,
        rights: &[(&str, &str)],
    ) -> Self {
        // The cluster is shared with other tests.
        let user = format!("{name}-of-{}", namespace.name());
        for object in role("Role", &user, rights) {
            namespace.apply(object).await.unwrap();
        }
        granted(namespace, Some(namespace.name()), &user, rights).await;
        Self::with_kubeconfig(network, namespace, &user)
    }

    /// Who may do this in the whole cluster, too.
    pub async fn and_everywhere(mut self, namespace: &TestNamespace, rights: &[(&str, &str)]) -> Self {
        let list =
            json!({"apiVersion": "v1", "kind": "List", "items": role("ClusterRole", &self.user, rights)});
        let manifest = std::env::temp_dir().join(format!("pingone-aic-{}.json", uuid::Uuid::new_v4()));
        fs::write(&manifest, list.to_string()).unwrap();
        let apply = ["apply", "--filename", manifest.to_str().unwrap()];
        namespace.control_plane().kubectl(&apply).await.unwrap();
        fs::remove_file(&manifest).unwrap();
        granted(namespace, None, &self.user, rights).await;
        self.everywhere = Some(Arc::clone(namespace.control_plane()));
        self
    }

    fn with_kubeconfig(network: &Network, namespace: &TestNamespace, user: &str) -> Self {
        let admin = namespace.control_plane().kubeconfig();
        let mut kubeconfig: Value = serde_saphyr::from_str(&fs::read_to_string(admin).unwrap()).unwrap();
        kubeconfig["users"][0]["user"]["as"] = json!(user);
        kubeconfig["contexts"][0]["context"]["namespace"] = json!(namespace.name());
        let file = std::env::temp_dir().join(format!("pingone-aic-{}.kubeconfig", uuid::Uuid::new_v4()));
        fs::write(&file, kubeconfig.to_string()).unwrap();
        Self {
            network: network.clone(),
            kubeconfig: file,
            user: user.to_owned(),
            everywhere: None,
        }
    }

    /// The program that the kubeconfig names for logging in fails from now on.
    pub fn is_logged_out(&self) {
        let mut kubeconfig: Value =
            serde_saphyr::from_str(&fs::read_to_string(&self.kubeconfig).unwrap()).unwrap();
        let exec = json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/false", "interactiveMode": "Never",
        });
        kubeconfig["users"][0]["user"] = json!({"exec": exec});
        fs::write(&self.kubeconfig, kubeconfig.to_string()).unwrap();
    }

    /// A command, with the plugin's program itself.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-pingone"));
        command
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", &self.kubeconfig);
        command
    }

    /// Runs it to its end. Nothing secret is in what it says.
    pub async fn runs(&self, arguments: &[&str]) -> Said {
        said(&self.network, self.command(arguments)).await
    }

    /// The same, and it is as it should be.
    pub async fn does(&self, arguments: &[&str]) -> String {
        let said = self.runs(arguments).await;
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        said.text
    }
}

/// What a command says. Nothing secret is in it.
pub async fn said(network: &Network, mut command: Command) -> Said {
    command.stdin(Stdio::null());
    let shown = format!("{command:?}");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let markers = AhoCorasick::new(network.secret_markers()).unwrap();
    for output in [&output.stdout, &output.stderr] {
        assert!(markers.find(output).is_none(), "{shown} tells a secret");
    }
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code().unwrap(),
        text: text(output.stdout),
        complaint: text(output.stderr),
    }
}

/// Waits until the API server knows of rights that it was told a moment ago.
async fn granted(cluster: &TestNamespace, place: Option<&str>, user: &str, rights: &[(&str, &str)]) {
    let reviews: Api<SubjectAccessReview> = Api::all(cluster.client());
    let deadline = Instant::now() + REAL_PATIENCE;
    for rule in rules(rights) {
        let (group, resource, verb) = (&rule["apiGroups"][0], &rule["resources"][0], &rule["verbs"][0]);
        let (resource, subresource) = match resource.as_str().unwrap().split_once('/') {
            Some((resource, subresource)) => (resource, Some(subresource)),
            None => (resource.as_str().unwrap(), None),
        };
        let review = serde_json::from_value(json!({"spec": {"user": user, "resourceAttributes": {
            "namespace": place, "group": group, "resource": resource, "subresource": subresource, "verb": verb,
        }}}))
        .unwrap();
        while !reviews
            .create(&PostParams::default(), &review)
            .await
            .unwrap()
            .status
            .is_some_and(|status| status.allowed)
        {
            assert!(Instant::now() < deadline, "{user} may not {verb} {resource}");
        }
    }
}

/// A role, and its binding to the user of its name.
fn role(kind: &str, user: &str, rights: &[(&str, &str)]) -> [Value; 2] {
    [
        json!({
            "apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": {"name": user}, "rules": rules(rights),
        }),
        json!({
            "apiVersion": format!("{RBAC}/v1"), "kind": format!("{kind}Binding"), "metadata": {"name": user},
            "roleRef": {"apiGroup": RBAC, "kind": kind, "name": user},
            "subjects": [{"apiGroup": RBAC, "kind": "User", "name": user}],
        }),
    ]
}

fn rules(rights: &[(&str, &str)]) -> Vec<Value> {
    let rule = |(verbs, resources): &(&str, &str)| {
        let verbs: Vec<_> = verbs.split(',').collect();
        let of_group = |resource: &str| {
            let (group, resource) = resource.split_once('/').unwrap_or(("pingone-aic.io", resource));
            json!({"apiGroups": [group], "resources": [resource], "verbs": verbs})
        };
        resources.split(',').map(of_group).collect::<Vec<_>>()
    };
    rights.iter().flat_map(rule).collect()
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.kubeconfig);
        if let Some(control_plane) = &self.everywhere {
            for kind in ["clusterrolebinding", "clusterrole"] {
                control_plane.kubectl_blocking(&["delete", kind, &self.user, "--wait=false"]);
            }
        }
    }
}
