//! Says so when a school sends more than it may, for long: its events wait at its gateways, and who looks at its pages would take the silence for
//! peace. network-monitor makes an alert of it, which becomes a case.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use events::Topic;
use runtime::Shutdown;

use crate::{batch, intake::Intake};

const EVERY: Duration = Duration::from_secs(60);
/// Looks with refusals, less those without. A gateway that catches up after an outage of a night is refused for an hour too.
const PATIENCE: u32 = 120;
const SAID_AGAIN_AFTER: Duration = Duration::from_secs(3_600);

/// Runs until shutdown.
pub async fn report(intake: &Intake, shutdown: &Shutdown) {
    let mut watch = Watch::default();
    while shutdown.sleep(EVERY).await {
        if shutdown.or_stop(look(&mut watch, intake)).await.is_none() {
            return;
        }
    }
}

async fn look(watch: &mut Watch, intake: &Intake) {
    for (school, requests) in watch.look(intake.directory.take_refused(), intake.began.elapsed()) {
        let record = batch::refused(school.clone(), requests, &intake.ids, intake.clock.now());
        let appended = tokio::time::timeout(intake.append_timeout, intake.log.append(Topic::TelemetryBatch, vec![record])).await;
        if !matches!(appended, Ok(Ok(_))) {
            watch.was_not_said(&school, requests);
            tracing::warn!(name: "refusals.not_reported", "that a school sends more than it may is not reported, will retry");
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

impl Streak {
    fn was_said_of_late(&self, now: Duration) -> bool {
        self.said_at.is_some_and(|said| now.saturating_sub(said) < SAID_AGAIN_AFTER)
    }
}

impl Watch {
    /// Takes the requests refused since the last look, by school; gives those to report.
    fn look(&mut self, refused: Vec<(Bytes, u64)>, now: Duration) -> Vec<(Bytes, u64)> {
        let refused: HashMap<Bytes, u64> = refused.into_iter().collect();
        for (_, streak) in self.0.iter_mut().filter(|(school, _)| !refused.contains_key(*school)) {
            streak.looks = streak.looks.saturating_sub(1);
        }
        self.0.retain(|_school, streak| streak.looks > 0 || streak.was_said_of_late(now));
        let mut to_report = Vec::new();
        for (school, requests) in refused {
            let streak = self.0.entry(school.clone()).or_default();
            streak.looks = (streak.looks + 1).min(PATIENCE);
            streak.requests += requests;
            if streak.looks == PATIENCE && !streak.was_said_of_late(now) {
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
    use std::sync::{Arc, atomic::Ordering::Relaxed};

    use auth::{AUDIENCE_TELEMETRY, Policies, Principal, Subject, Verifier};
    use events::{LogHandle, Record, TailFrom};
    use http::{HeaderMap, header};
    use proto::telemetry as header_of;
    use runtime::{Clock, GatewayId, Ids, SchoolId};
    use testkit::{Store, TestIssuer, TestLog, TestProcess};

    use super::*;
    use crate::{
        gateway::directory::{Change, State},
        limit::Exhausted,
        outcome::Outcome,
    };

    const SCHOOL: Bytes = Bytes::from_static(b"zandloper");

    fn minute(minute: u32) -> Duration {
        EVERY * minute
    }

    /// What is reported, when a school is refused two requests in each of these minutes.
    fn reported(watch: &mut Watch, minutes: std::ops::Range<u32>) -> Vec<(u32, u64)> {
        let look =
            |at: u32| watch.look(vec![(SCHOOL, 2)], minute(at)).into_iter().map(move |(_, requests)| (at, requests)).collect::<Vec<_>>();
        minutes.flat_map(look).collect()
    }

    #[test]
    fn who_is_refused_for_long_is_reported_once_an_hour_with_all_that_was_refused() {
        assert_eq!(reported(&mut Watch::default(), 1..241), [(120, 240), (180, 120), (240, 120)]);
    }

    #[test]
    fn a_minute_of_peace_neither_hides_a_flood_nor_reports_it_twice() {
        let mut watch = Watch::default();
        assert_eq!(reported(&mut watch, 1..120), []);
        assert_eq!(watch.look(Vec::new(), minute(120)), []);
        assert_eq!(reported(&mut watch, 121..123), [(122, 242)]);
        assert_eq!(watch.look(Vec::new(), minute(123)), []);
        assert_eq!(reported(&mut watch, 124..182), []);
        assert_eq!(reported(&mut watch, 182..183), [(182, 118)]);
    }

    #[test]
    fn who_catches_up_is_forgotten() {
        let mut watch = Watch::default();
        assert_eq!(reported(&mut watch, 1..60), []);
        (60..119).for_each(|at| assert_eq!(watch.look(Vec::new(), minute(at)), []));
        assert!(watch.0.is_empty());
    }

    #[test]
    fn what_the_log_did_not_take_is_reported_a_minute_later() {
        let mut watch = Watch::default();
        assert_eq!(reported(&mut watch, 1..121), [(120, 240)]);
        watch.was_not_said(&SCHOOL, 240);
        assert_eq!(reported(&mut watch, 121..122), [(121, 242)]);
    }

    /// A gateway that owes so much that it may send nothing in this test.
    struct Refused {
        intake: Intake,
        id: GatewayId,
        school: SchoolId,
        issuer: TestIssuer,
        log: TestLog,
        _process: TestProcess,
    }

    impl Refused {
        async fn new() -> Self {
            runtime::install_tls_provider();
            let (issuer, process) = (TestIssuer::start(Clock::system()).await, TestProcess::new());
            let log = TestLog::of(Store::Sqlite, &[Topic::TelemetryBatch]).await;
            let verifier = Verifier::new(&issuer.config(), AUDIENCE_TELEMETRY, Clock::system()).unwrap();
            let (verifier, policies) = (Arc::new(verifier), Arc::new(Policies::load().unwrap()));
            let intake = crate::intake(crate::config::tests::usable(), LogHandle(log.share()), verifier, policies, &process);
            let (id, school) = (Ids::counted().next(), Ids::counted().next());
            intake.directory.replace([Change::Set { id, school, state: State::Active, partition: 0 }]);
            let refused = Self { intake, id, school, issuer, log, _process: process };
            refused.ask().await.unwrap().charge(u64::from(u32::MAX), 0, refused.intake.began.elapsed());
            refused
        }

        async fn ask(&self) -> Result<Arc<crate::gateway::Gateway>, crate::outcome::Refusal> {
            let principal = Principal { subject: Subject::Gateway(self.id), name: "gateway".to_owned(), functions: Vec::new() };
            let token = self.issuer.token_for(&principal, AUDIENCE_TELEMETRY, 3_600);
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap())]);
            self.intake.directory.complete_as_of(vec![Some(self.intake.began.elapsed())]);
            self.intake.admit(&headers).await
        }

        async fn stored(&self) -> Vec<Record> {
            let mut tail = self.log.share().tail(Topic::TelemetryBatch, TailFrom::Start).await.unwrap();
            let mut records = Vec::new();
            while !tail.caught_up() {
                records.extend(tail.next(100, Duration::from_secs(1)).await.unwrap().into_iter().map(|delivered| delivered.record));
            }
            records
        }
    }

    #[tokio::test]
    async fn a_school_that_is_refused_look_after_look_is_reported_in_the_log_with_how_often() {
        let refused = Refused::new().await;
        let mut watch = Watch::default();
        let gateway = refused.intake.directory.admit(refused.id, refused.intake.began.elapsed()).unwrap();
        for _ in 0..PATIENCE {
            assert_eq!(refused.ask().await.unwrap_err().outcome, Outcome::RateLimited);
            assert_eq!(refused.intake.no_memory(&gateway, Exhausted::School).outcome, Outcome::SchoolRateLimited);
            assert_eq!(refused.intake.no_memory(&gateway, Exhausted::All).outcome, Outcome::Busy, "not the school's fault");
            look(&mut watch, &refused.intake).await;
        }
        let [report] = &refused.stored().await[..] else { panic!("one report") };
        let school = refused.school.to_string();
        assert_eq!((report.key.as_ref(), report.header(header_of::SCHOOL)), (school.as_bytes(), Some(school.as_str())));
        assert_eq!(report.header(header_of::REFUSED), Some((2 * PATIENCE).to_string().as_str()));
    }

    #[tokio::test]
    async fn what_is_sent_again_while_the_log_is_unavailable_is_not_the_schools_fault() {
        let refused = Refused::new().await;
        refused.intake.log_away.store(true, Relaxed);
        assert_eq!(refused.ask().await.unwrap_err().outcome, Outcome::RateLimited);
        assert_eq!(refused.intake.directory.take_refused(), []);
        refused.intake.log_away.store(false, Relaxed);
        assert_eq!(refused.ask().await.unwrap_err().outcome, Outcome::RateLimited);
        assert_eq!(refused.intake.directory.take_refused(), [(Bytes::from(refused.school.to_string()), 1)]);
    }
}
