//! The table, and the same as JSON.

use std::process::ExitCode;

use serde::Serialize;

pub struct Report {
    /// When the run began, in UTC.
    date: String,
    cores: usize,
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    what: String,
    measure: &'static str,
    operator: f64,
    /// What it is held against.
    floor: Option<f64>,
    ratio: Option<f64>,
    /// The most that the ratio, or without one the figure, may be.
    bound: Option<f64>,
    holds: Option<bool>,
}

impl Report {
    pub fn begin() -> Self {
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            rows: Vec::new(),
        }
    }

    /// A figure that speaks for itself.
    pub fn figure(&mut self, what: &str, measure: &'static str, operator: f64, bound: Option<f64>) {
        self.push(Row {
            what: what.to_owned(),
            measure,
            operator,
            floor: None,
            ratio: None,
            bound,
            holds: bound.map(|bound| operator <= bound),
        });
    }

    /// A figure and its floor.
    pub fn ratio(
        &mut self,
        what: &str,
        measure: &'static str,
        (operator, floor): (f64, f64),
        bound: Option<f64>,
    ) {
        let ratio = operator / floor;
        self.push(Row {
            what: what.to_owned(),
            measure,
            operator,
            floor: Some(floor),
            ratio: Some(ratio),
            bound,
            holds: bound.map(|bound| ratio <= bound),
        });
    }

    fn push(&mut self, row: Row) {
        println!("{}", line(&row));
        self.rows.push(row);
    }

    /// Prints everything once more, and keeps it as JSON. A failure if a bound is broken.
    pub fn finish(self) -> ExitCode {
        let Self { date, cores, rows } = self;
        println!("\n{date}, {cores} cores");
        println!(
            "{:80} {:>8} {:>12} {:>12} {:>8} {:>8}",
            "what", "measure", "operator", "floor", "ratio", "at most"
        );
        for row in &rows {
            println!("{}", line(row));
        }
        let path = pingone_aic_harness::repository().join("target/speed.json");
        let report = serde_json::json!({"date": date, "cores": cores, "rows": rows});
        std::fs::write(path, report.to_string()).unwrap();

        let broken: Vec<_> = rows.iter().filter(|row| row.holds == Some(false)).collect();
        if broken.is_empty() {
            return ExitCode::SUCCESS;
        }
        println!("\nBroken bounds:");
        for row in broken {
            println!("{}", line(row));
        }
        ExitCode::FAILURE
    }
}

fn line(row: &Row) -> String {
    let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2}"));
    let verdict = match row.holds {
        Some(true) => "holds",
        Some(false) => "DOES NOT HOLD",
        None => "",
    };
    format!(
        "{:80} {:>8} {:>12.2} {:>12} {:>8} {:>8} {verdict}",
        row.what,
        row.measure,
        row.operator,
        number(row.floor),
        number(row.ratio),
        number(row.bound)
    )
}

/// A number of calls, as a figure.
#[allow(
    clippy::cast_precision_loss,
    reason = "no benchmark makes so many calls that it matters"
)]
pub fn count(calls: usize) -> f64 {
    calls as f64
}
