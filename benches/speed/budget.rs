//! Whether a host was ever called faster than its budget allows.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use pingone_aic_operator::{http::Rate, runtime::Options};
use pingone_aic_simulator::Exchange;

use crate::report::{Report, count};

/// In seconds.
const WINDOWS: [u32; 3] = [1, 10, 60];
/// A call takes its turn before it arrives, and between the two its connection may have to be made: what had its turn
/// before a window can arrive in it. That is at most one call of each pass under way, and six checks at a time go to a
/// tenant. To PingOne's hosts, to which more go at a time, no more is allowed.
const ON_THEIR_WAY: f64 = 6.0;

/// Tells the most calls to any one host in any window, against what its budget allows in a window of that length.
/// `calls` are in the order of their arrival, and of vendors only.
pub fn tell(report: &mut Report, calls: &[&Exchange], per_second: f64) {
    let Rate { per_second, burst } = Options::budget(per_second);
    for seconds in WINDOWS {
        let allowed = burst + per_second * f64::from(seconds) + ON_THEIR_WAY;
        let most = most_at_one_host(calls, Duration::from_secs(seconds.into()));
        let what = format!("restart: calls to one host in any {seconds} s, against its budget");
        report.ratio(&what, "calls", (count(most), allowed), Some(1.0));
    }
}

fn most_at_one_host(calls: &[&Exchange], window: Duration) -> usize {
    let mut recent: HashMap<&str, VecDeque<Instant>> = HashMap::new();
    let mut most = 0;
    for call in calls {
        let recent = recent.entry(&call.host).or_default();
        recent.push_back(call.at);
        while recent.front().is_some_and(|first| call.at - *first >= window) {
            recent.pop_front();
        }
        most = most.max(recent.len());
    }
    most
}
