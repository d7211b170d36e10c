//! Prometheus and its tool, as the tests run them.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
    process::{Child, Command, Stdio},
    sync::OnceLock,
    thread,
    time::Duration,
};

use pingone_aic_harness::PrometheusPrograms;
use serde_json::Value;

/// What is built and looked for once.
pub fn programs() -> &'static PrometheusPrograms {
    static PROGRAMS: OnceLock<PrometheusPrograms> = OnceLock::new();
    PROGRAMS.get_or_init(|| PrometheusPrograms::locate().unwrap_or_else(|error| panic!("{error:#}")))
}

/// Runs `promtool`, and returns what it has to say if it fails.
pub fn promtool(arguments: &[&str], file: &Path) -> Result<(), String> {
    let output = Command::new(&programs().promtool)
        .args(arguments)
        .arg(file)
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(());
    }
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    Err(String::from_utf8_lossy(&said).into_owned())
}

/// A server on what was recorded.
pub struct Server {
    process: Child,
    address: String,
}

impl Server {
    /// Starts one with these lines of `OpenMetrics` in its store, a folder that is there.
    pub async fn start(folder: &Path, lines: impl Iterator<Item = String>) -> Self {
        let recorded = folder.join("recorded");
        let mut file = BufWriter::new(File::create(&recorded).unwrap());
        for line in lines {
            file.write_all(line.as_bytes()).unwrap();
        }
        file.write_all(b"# EOF\n").unwrap();
        drop(file);
        let store = folder.join("store");
        let create = ["tsdb", "create-blocks-from", "openmetrics"];
        promtool(&[&create[..], &[recorded.to_str().unwrap()]].concat(), &store).unwrap();
        let configuration = folder.join("prometheus.yaml");
        fs::write(&configuration, "{}\n").unwrap();
        let mut process = Command::new(&programs().prometheus)
            .arg(format!("--config.file={}", configuration.display()))
            .arg(format!("--storage.tsdb.path={}", store.display()))
            .arg("--web.listen-address=127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(process.stderr.take().unwrap());
        let mut said = String::new();
        let mut address = None;
        let mut log = log.lines();
        while address.is_none() {
            let line = log
                .next()
                .unwrap_or_else(|| panic!("it does not start: {said}"))
                .unwrap();
            if line.contains("Listening on") {
                let found = line.split_once("address=").unwrap().1;
                address = found.split_whitespace().next().map(ToOwned::to_owned);
            }
            writeln!(said, "{line}").unwrap();
        }
        // It must not stop because nobody reads on.
        thread::spawn(move || log.for_each(drop));
        let mut server = Self {
            process,
            address: address.unwrap(),
        };
        while server.ask("/-/ready", &[]).await.is_err() {
            let ended = server.process.try_wait().unwrap();
            assert!(ended.is_none(), "it ended before it was ready: {ended:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        server
    }

    /// What it answers.
    pub async fn ask(&self, path: &str, query: &[(&str, &str)]) -> reqwest::Result<String> {
        let url = format!("http://{}{path}", self.address);
        let answer = reqwest::Client::new().get(url).query(query).send().await?;
        answer.error_for_status()?.text().await
    }

    /// The data of one of its answers.
    pub async fn data(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let text = self
            .ask(path, query)
            .await
            .unwrap_or_else(|error| panic!("{query:?}: {error}"));
        serde_json::from_str::<Value>(&text).unwrap()["data"].take()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
