//! What Prometheus would have scraped of a scenario, once a minute of the operator's clock.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use pingone_aic_support::{Env, NOWHERE};

/// How often is scraped.
pub const MINUTE: Duration = Duration::from_mins(1);
/// As Prometheus' operator calls the pods of the chart's PodMonitor.
pub const JOB: &str = "pingone-aic/pingone-aic-operator";
/// An alert whose metric is gone fires for five minutes more.
const KEPT: usize = 6;
/// How long a scenario may wait for something.
const PATIENCE: usize = 180;

/// An alert that fires.
pub struct Firing {
    pub alert: &'static str,
    /// By which its expression tells what is wrong.
    pub labels: BTreeMap<&'static str, String>,
}

/// The name of an alert, and the labels by which its expression tells what is wrong.
pub type Alert<'a> = (&'static str, &'a [(&'static str, &'a str)]);

/// What was scraped, and which alerts are to fire when.
pub struct Tape {
    pub scenario: &'static str,
    /// When the first scrape was, in seconds since 1970.
    began: i64,
    scrapes: usize,
    /// By name and labels; nothing where a scrape did not have it.
    series: BTreeMap<String, Vec<Option<String>>>,
    /// All alerts that fire at a scrape.
    pub expected: Vec<(usize, Vec<Firing>)>,
}

impl Tape {
    /// A tape with a first scrape.
    pub async fn begin(scenario: &'static str, env: &Env) -> Self {
        for kind in ["AICIntegration", "PingOneConnection"] {
            env.namespace.delete(kind, NOWHERE).await.unwrap();
        }
        let mut tape = Self {
            scenario,
            began: env.network.clock().now().as_second(),
            scrapes: 0,
            series: BTreeMap::new(),
            expected: Vec::new(),
        };
        tape.scrape(env).await;
        tape
    }

    /// Lets minutes pass.
    pub async fn minutes(&mut self, env: &mut Env, minutes: usize) {
        for _ in 0..minutes {
            env.pass_time(MINUTE).await;
            self.scrape(env).await;
        }
    }

    /// Minutes pass for everybody but the operator, whose clock stands still.
    pub async fn still(&mut self, env: &Env, minutes: usize) {
        for _ in 0..minutes {
            self.scrape(env).await;
        }
    }

    /// Lets minutes pass until something holds.
    pub async fn until(&mut self, env: &mut Env, what: &str, mut holds: impl AsyncFnMut(&Env) -> bool) {
        let end = self.scrapes + PATIENCE;
        while !holds(env).await {
            assert!(self.scrapes < end, "{}: {what}: not yet", self.scenario);
            self.minutes(env, 1).await;
        }
        // What it tells of itself may be what it was a moment ago.
        self.minutes(env, 1).await;
    }

    /// What was wrong is over: no alert fires any more.
    pub async fn resolves(&mut self, env: &mut Env) {
        self.minutes(env, KEPT).await;
        self.fires(&[]);
    }

    /// Exactly these alerts fire now.
    pub fn fires(&mut self, alerts: &[Alert<'_>]) {
        let alerts = alerts.iter().map(|(alert, labels)| Firing {
            alert,
            labels: labels
                .iter()
                .map(|(label, value)| (*label, (*value).to_owned()))
                .collect(),
        });
        self.expected.push((self.scrapes - 1, alerts.collect()));
    }

    async fn scrape(&mut self, env: &Env) {
        let at = self.scrapes;
        self.scrapes += 1;
        // Another release is always well.
        let another = format!(
            r#"pingone_aic_leader{{instance="{}, another",job="another/pingone-aic-operator"}}"#,
            self.scenario
        );
        self.series.entry(another).or_default().push(Some("1".to_owned()));
        for (pod, operator) in [&env.operator].into_iter().chain(&env.others).enumerate() {
            // One that does not run answers nothing.
            let metrics = operator.metrics().await.unwrap_or_default();
            for line in metrics.lines().filter(|line| !line.starts_with('#')) {
                let (series, value) = line.rsplit_once(' ').unwrap();
                let values = self.series.entry(self.scraped(series, pod)).or_default();
                values.resize(at, None);
                values.push(Some(value.to_owned()));
            }
        }
    }

    /// What `promtool test rules` takes for series: name and labels, and the value of each minute.
    pub fn series(&self) -> impl Iterator<Item = (&str, String)> {
        self.series.iter().map(|(series, values)| {
            let mut text = String::new();
            let mut was_there = false;
            for value in (0..self.scrapes).map(|at| values.get(at).and_then(Option::as_deref)) {
                // A scrape without it ends a series at once.
                let missing = if was_there { "stale" } else { "_" };
                write!(text, "{} ", value.unwrap_or(missing)).unwrap();
                was_there = value.is_some();
            }
            (series.as_str(), text)
        })
    }

    /// The lines that `promtool tsdb create-blocks-from openmetrics` reads.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        self.series.iter().flat_map(move |(series, values)| {
            (self.began..)
                .step_by(60)
                .zip(values)
                .filter_map(move |(at, value)| Some(format!("{series} {} {at}\n", value.as_ref()?)))
        })
    }

    /// The first and the last second of it.
    pub fn span(&self) -> (i64, i64) {
        let seconds = i64::try_from(60 * self.scrapes).unwrap();
        (self.began, self.began + seconds)
    }

    /// A series as Prometheus stores it: with the labels of what was scraped.
    fn scraped(&self, series: &str, pod: usize) -> String {
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let comma = if labels == "}" { "" } else { "," };
        let scenario = self.scenario;
        format!(r#"{name}{{instance="{scenario}, pod {pod}",job="{JOB}"{comma}{labels}"#)
    }
}
