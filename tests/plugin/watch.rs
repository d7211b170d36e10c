//! Who watches: an API server that goes away and comes back, and a right that is taken away.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Stdio},
};

use pingone_aic_harness::{ControlPlane, TestNamespace};
use pingone_aic_simulator::Network;
use pingone_aic_support::REAL_PATIENCE;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{READS, person::Person};

/// A command that goes on, and the lines that it has printed.
pub struct Watching {
    child: Child,
    lines: UnboundedReceiver<String>,
}

impl Watching {
    pub fn start(person: &Person, arguments: &[&str]) -> Self {
        let mut command = person.command(arguments);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (tell, lines) = unbounded_channel();
        let outputs: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for output in outputs {
            let tell = tell.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    if tell.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Self { child, lines }
    }

    /// Waits for a line with these words.
    pub async fn until(&mut self, words: &[&str]) {
        let wait = async {
            while let Some(line) = self.lines.recv().await {
                if words.iter().all(|words| line.contains(words)) {
                    return;
                }
            }
            panic!("it ended before {words:?}");
        };
        tokio::time::timeout(REAL_PATIENCE, wait).await.unwrap();
    }

    /// Waits for its end, and returns its exit status and the last that it says.
    async fn ends(mut self) -> (i32, String) {
        let mut last = String::new();
        while let Some(line) = self.lines.recv().await {
            last = line;
        }
        (self.child.wait().unwrap().code().unwrap(), last)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_login_that_has_ended_is_told() {
    let network = Network::start().await;
    let namespace = TestNamespace::create("a plugin without a login").await;
    let reader = Person::who_may(&network, &namespace, "reader", &[READS]).await;
    reader.does(&["status"]).await;
    reader.is_logged_out();
    for arguments in [&["status"][..], &["status", "--watch"], &["check-now", "release"]] {
        let said = reader.runs(arguments).await;
        assert_eq!(said.code, 3, "{arguments:?}: {said:?}");
        assert!(said.complaint.contains("Log in again"), "{arguments:?}: {said:?}");
    }
}

fn connection(name: &str) -> Value {
    json!({
        "apiVersion": "pingone-aic.io/v1alpha1", "kind": "PingOneConnection", "metadata": {"name": name},
        "spec": {"credentialSecretRef": {"name": "jwt"}, "environment": {"name": "env"}},
    })
}

#[tokio::test]
async fn a_restart_is_survived_and_a_revoked_right_is_told() {
    let control_plane = ControlPlane::start_with_crds().await.unwrap();
    let namespace = TestNamespace::create_in(&control_plane, "a plugin survives a restart").await;
    let other = TestNamespace::create_in(&control_plane, "another namespace").await;
    namespace.apply(connection("here")).await.unwrap();
    other.apply(connection("there")).await.unwrap();
    let network = Network::start().await;
    let everywhere = Person::who_may(&network, &namespace, "admin", &[]).await;
    let everywhere = everywhere.and_everywhere(&namespace, &[READS]).await;
    let here = everywhere.does(&["status"]).await;
    assert!(here.contains("here") && !here.contains("there"), "{here}");
    let all = everywhere.does(&["status", "-A"]).await;
    assert!(all.contains("here") && all.contains("there"), "{all}");

    let reader = Person::who_may(&network, &namespace, "reader", &[READS]).await;
    let mut watching = Watching::start(&reader, &["status", "--watch"]);
    watching.until(&["here"]).await;
    control_plane.stop_api_server();
    watching.until(&["the API server does not answer"]).await;
    control_plane.start_api_server().await.unwrap();
    // Though nothing else has changed.
    watching.until(&["the API server answers again"]).await;
    namespace.apply(connection("later")).await.unwrap();
    watching.until(&["later"]).await;

    // A watch that is open stays open: the right is asked for when it begins again.
    let taken = [
        "delete",
        "rolebinding",
        &reader.user,
        "--namespace",
        namespace.name(),
    ];
    control_plane.kubectl(&taken).await.unwrap();
    control_plane.stop_api_server();
    control_plane.start_api_server().await.unwrap();
    let (code, complaint) = watching.ends().await;
    assert_eq!(code, 3, "{complaint}");
    assert!(
        complaint.contains("Ask a cluster admin for that right"),
        "{complaint}"
    );
}
