//! Somebody with a kubeconfig, and few rights.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use aho_corasick::AhoCorasick;
use pingone_aic_simulator::Network;
use pingone_aic_support::Env;
use serde_json::{Value, json};

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
}

impl Person {
    /// Who may do this with the three kinds in the namespace: `verb,verb kind,kind`, each.
    pub async fn who_may(env: &Env, name: &str, rights: &[(&str, &str)]) -> Self {
        let rules: Vec<_> = rights
            .iter()
            .map(|(verbs, kinds)| {
                let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
                json!({"apiGroups": ["pingone-aic.io"], "resources": list(kinds), "verbs": list(verbs)})
            })
            .collect();
        let group = "rbac.authorization.k8s.io";
        env.namespace
            .apply(json!({
                "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": {"name": name}, "rules": rules,
            }))
            .await
            .unwrap();
        env.namespace
            .apply(json!({
                "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": name},
                "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
                "subjects": [{"apiGroup": group, "kind": "User", "name": name}],
            }))
            .await
            .unwrap();
        let admin = env.namespace.control_plane().kubeconfig();
        let mut kubeconfig: Value = serde_saphyr::from_str(&fs::read_to_string(admin).unwrap()).unwrap();
        kubeconfig["users"][0]["user"]["as"] = json!(name);
        kubeconfig["contexts"][0]["context"]["namespace"] = json!(env.namespace.name());
        let file =
            std::env::temp_dir().join(format!("pingone-aic-{name}-{}.kubeconfig", uuid::Uuid::new_v4()));
        fs::write(&file, kubeconfig.to_string()).unwrap();
        Self {
            network: env.network.clone(),
            kubeconfig: file,
        }
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
        let mut command = self.command(arguments);
        command.stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        let markers = AhoCorasick::new(self.network.secret_markers()).unwrap();
        for output in [&output.stdout, &output.stderr] {
            assert!(markers.find(output).is_none(), "{arguments:?} tells a secret");
        }
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said {
            code: output.status.code().unwrap(),
            text: text(output.stdout),
            complaint: text(output.stderr),
        }
    }

    /// The same, and it is as it should be.
    pub async fn does(&self, arguments: &[&str]) -> String {
        let said = self.runs(arguments).await;
        assert_eq!(said.code, 0, "{arguments:?}: {said:?}");
        said.text
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.kubeconfig);
    }
}
