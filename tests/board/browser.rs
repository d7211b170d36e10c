//! Debian's Chromium, headless.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, wd::WebDriverCompatibleCommand};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use pingone_aic_harness::repository;
use pingone_aic_support::REAL_PATIENCE;
use serde_json::{Value, json};
use url::{ParseError, Url};

/// How soon a page is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// The path of its tests' own pictures and, of a generating run, of those in the docs.
const PICTURES: &str = "docs/images";

/// One window. It ends with this.
pub struct Browser {
    driver: Child,
    client: Client,
    profile: PathBuf,
}

impl Browser {
    pub async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is in PATH: in Debian the packages chromium and chromium-driver");
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, port) = line.split_once("started successfully on port ")?;
                Some(port.trim_end_matches('.').to_owned())
            })
            .expect("chromedriver says its port");
        let profile = std::env::temp_dir().join(format!("pingone-aic-browser-{}", uuid::Uuid::new_v4()));
        let arguments = [
            "--headless",
            // A container's root has no sandbox of Chromium's.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1400,1100",
            &format!("--user-data-dir={}", profile.display()),
        ];
        let capabilities = json!({"goog:chromeOptions": {"args": arguments}});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().unwrap().clone())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .unwrap();
        Self {
            driver,
            client,
            profile,
        }
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap();
    }

    /// What a script returns.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap()
    }

    /// The text of the first such element; none where there is none.
    pub async fn text(&self, selector: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.textContent ?? ''";
        let text = self.client.execute(script, vec![json!(selector)]).await.unwrap();
        text.as_str().unwrap().to_owned()
    }

    /// Waits until one such element holds these words.
    pub async fn until(&self, selector: &str, words: &str) {
        let holds = "[...document.querySelectorAll(arguments[0])].some((it) => it.textContent.includes(arguments[1]))";
        self.until_true(holds, selector, words).await;
    }

    /// Waits until the first such element has no text.
    pub async fn until_empty(&self, selector: &str) {
        let is_empty = "document.querySelector(arguments[0]).textContent === arguments[1]";
        self.until_true(is_empty, selector, "").await;
    }

    async fn until_true(&self, expression: &str, selector: &str, words: &str) {
        let deadline = Instant::now() + REAL_PATIENCE;
        loop {
            let arguments = vec![json!(selector), json!(words)];
            let script = format!("return {expression}");
            if self.client.execute(&script, arguments).await.unwrap() == true {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "not {words:?} in {selector}: {}",
                self.text("body").await
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// axe-core finds nothing against it, by day and by night.
    pub async fn is_accessible(&self, state: &str) {
        let axe = repository().join("tests/board/node_modules/axe-core/axe.min.js");
        let axe = std::fs::read_to_string(axe).expect("axe-core is installed: npm ci --prefix tests/board");
        for scheme in ["dark", "light"] {
            self.prefers(scheme).await;
            self.client.execute(&axe, Vec::new()).await.unwrap();
            let script = "const done = arguments[0]; axe.run().then((found) => done({
                violations: found.violations.map((it) => `${it.id}: ${it.nodes.map((node) => node.html).join(' ')}`),
                passes: found.passes.length,
            }))";
            let found = self.client.execute_async(script, Vec::new()).await.unwrap();
            assert_eq!(found["violations"], json!([]), "{state}, {scheme}");
            assert!(found["passes"].as_u64() > Some(10), "{state}: {found}");
        }
    }

    async fn prefers(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.devtools("Emulation.setEmulatedMedia", json!({"features": features}))
            .await;
    }

    /// A picture for people, by day or by night. A generating run makes that of the docs anew.
    pub async fn picture(&self, name: &str, scheme: &str) {
        let folder = if std::env::var_os("UPDATE_GENERATED").is_some() {
            repository().join(PICTURES)
        } else {
            repository().join("target/board")
        };
        std::fs::create_dir_all(&folder).unwrap();
        self.prefers(scheme).await;
        let picture = self.client.screenshot().await.unwrap();
        std::fs::write(folder.join(format!("board-{name}.png")), picture).unwrap();
    }

    async fn devtools(&self, cmd: &'static str, params: Value) {
        self.client.issue_cmd(Devtools { cmd, params }).await.unwrap();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // With the driver goes its browser.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

/// A command of Chromium's own.
#[derive(Debug)]
struct Devtools {
    cmd: &'static str,
    params: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/goog/cdp/execute",
            session.unwrap_or_default()
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({"cmd": self.cmd, "params": self.params});
        (Method::POST, Some(body.to_string()))
    }
}
