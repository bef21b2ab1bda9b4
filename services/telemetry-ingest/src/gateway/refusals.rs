//! Says so when a school sends more than it may, for long: its events wait at its gateways, and who looks at its pages would take the silence for
//! peace. network-monitor makes an alert "flood" of it, which becomes a case.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use events::{SharedLog, Topic};
use runtime::{Clock, Ids, Shutdown};
use tokio::time::Instant;

use super::Directory;
use crate::batch;

const EVERY: Duration = Duration::from_secs(60);
/// Looks in a row. A gateway that catches up after an outage is refused for some minutes too.
const PATIENCE: u32 = 15;
const SAID_AGAIN_AFTER: Duration = Duration::from_secs(3_600);

/// Runs until shutdown.
pub async fn report(directory: &Directory, log: &SharedLog, clock: &Clock, ids: &Ids, shutdown: &Shutdown, began: Instant) {
    let mut watch = Watch::default();
    while shutdown.sleep(EVERY).await {
        for (school, requests) in watch.look(directory.take_refused(), began.elapsed()) {
            let record = batch::refused(school.clone(), requests, ids, clock.now());
            if let Err(error) = log.append(Topic::TelemetryBatch, vec![record]).await {
                watch.was_not_said(&school, requests);
                tracing::warn!(name: "refusals.not_reported", error = %error, "that a school sends more than it may is not reported, will retry");
            }
        }
    }
}

/// Which schools are refused, look after look.
#[derive(Debug, Default)]
struct Watch(HashMap<Bytes, Streak>);

#[derive(Debug, Default)]
struct Streak {
    looks: u32,
    /// Requests that were refused and not reported.
    requests: u64,
    said_at: Option<Duration>,
}

impl Watch {
    /// Takes the requests refused since the last look, by school; gives those to report.
    fn look(&mut self, refused: Vec<(Bytes, u64)>, now: Duration) -> Vec<(Bytes, u64)> {
        let refused: HashMap<Bytes, u64> = refused.into_iter().collect();
        self.0.retain(|school, _streak| refused.contains_key(school));
        let mut to_report = Vec::new();
        for (school, requests) in refused {
            let streak = self.0.entry(school.clone()).or_default();
            streak.looks += 1;
            streak.requests += requests;
            let was_said = streak.said_at.is_some_and(|said| now.saturating_sub(said) < SAID_AGAIN_AFTER);
            if streak.looks >= PATIENCE && !was_said {
                streak.said_at = Some(now);
                to_report.push((school, std::mem::take(&mut streak.requests)));
            }
        }
        to_report
    }

    fn was_not_said(&mut self, school: &Bytes, requests: u64) {
        if let Some(streak) = self.0.get_mut(school) {
            streak.said_at = None;
            streak.requests += requests;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHOOL: Bytes = Bytes::from_static(b"zandloper");

    fn minute(minute: u32) -> Duration {
        EVERY * minute
    }

    /// What is reported, when a school is refused so many requests in each of these minutes.
    fn reported(watch: &mut Watch, minutes: std::ops::Range<u32>, requests: u64) -> Vec<(u32, u64)> {
        let look = |at: u32| {
            watch.look(vec![(SCHOOL, requests)], minute(at)).into_iter().map(move |(_, requests)| (at, requests)).collect::<Vec<_>>()
        };
        minutes.flat_map(look).collect()
    }

    #[test]
    fn who_is_refused_for_long_is_reported_once_an_hour_with_all_that_was_refused() {
        assert_eq!(reported(&mut Watch::default(), 1..137, 2), [(15, 30), (75, 120), (135, 120)]);
    }

    #[test]
    fn who_catches_up_in_between_is_not() {
        let mut watch = Watch::default();
        assert_eq!(reported(&mut watch, 1..15, 2), []);
        assert_eq!(watch.look(Vec::new(), minute(15)), []);
        assert_eq!(reported(&mut watch, 16..30, 2), []);
        assert_eq!(reported(&mut watch, 30..31, 2), [(30, 30)]);
    }

    #[test]
    fn what_the_log_did_not_take_is_reported_a_minute_later() {
        let mut watch = Watch::default();
        assert_eq!(reported(&mut watch, 1..16, 2), [(15, 30)]);
        watch.was_not_said(&SCHOOL, 30);
        assert_eq!(reported(&mut watch, 16..17, 2), [(16, 32)]);
    }
}
