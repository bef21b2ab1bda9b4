//! What became of every request and of every event: exactly one outcome each, counted.
//!
//! An [`Arrival`] is opened for each request and can only be [ended](Arrival::end) with an answer; the edge makes responses
//! from [`Answer`]s alone. A request that is dropped on the way (a client that hangs up, a bug) is counted as abandoned.

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use opentelemetry::{KeyValue, metrics::Meter};
use strum::VariantArray;

use crate::scan::Tally;

/// What becomes of requests and events. Its name is the value of the metric's attribute and the reason in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Outcome {
    /// In the log.
    Accepted,
    /// A request without events: answered as accepted, nothing written.
    Empty,
    /// No token, or one that is not accepted.
    Unauthenticated,
    /// A good token, but not of a gateway that may post.
    NotAGateway,
    /// A good token of a gateway that the directory does not know.
    GatewayUnknown,
    /// A good token of a gateway whose access was ended.
    GatewayRevoked,
    /// More than the gateway may send.
    RateLimited,
    /// More than the gateways of its school may send, or have under way, together.
    SchoolRateLimited,
    /// Not what it says it is.
    Malformed,
    /// Larger than allowed, before or after decompression; or too large an event.
    TooLarge,
    /// A media type or content encoding that is not understood.
    UnsupportedMedia,
    /// Nothing lives at this path.
    PathUnknown,
    /// Only POST is understood here.
    MethodNotAllowed,
    /// The body came too slowly.
    BodyTooSlow,
    /// The body broke off.
    BodyBroken,
    /// No memory left for more requests at once.
    Busy,
    /// The directory of gateways is not read yet.
    DirectoryNotReady,
    /// The part of the directory that the gateway is in is out of date: it might have been revoked.
    DirectoryStale,
    /// The issuer's keys cannot be had.
    IssuerUnavailable,
    /// The event log has too much under way.
    LogBusy,
    /// The event log is full of batches that have not been processed yet.
    LogFull,
    /// The event log is unavailable; whether the events were written is unknown.
    LogUnavailable,
    /// The client hung up before there was an answer; whether the events were written is unknown.
    Abandoned,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub const ALL: &[Self] = Self::VARIANTS;
}

/// Where a request came in. Its name is the value of the metric's attribute and the reason in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Surface {
    /// `POST /v1/logs`.
    OtlpHttp,
    /// `opentelemetry.proto.collector.logs.v1.LogsService/Export`.
    OtlpGrpc,
    /// `POST /v1/events`.
    Events,
    /// Any other path.
    Elsewhere,
}

/// What becomes of settling the rates of gateways with the other replicas. Its name is the value of the metric's attribute and the reason in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Settlement {
    /// They know, and this replica knows what they let in.
    Settled,
    /// Redis is unavailable or late; this replica keeps to the rates by itself.
    Failed,
}

/// Why nothing of a request was taken, in words for its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What is counted.
    pub outcome: Outcome,
    /// What is wrong and what to do; never a part of the body.
    pub message: Cow<'static, str>,
    /// When to send the same again; `None`: never.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Sending the same again will not help.
    pub fn for_good(outcome: Outcome, message: impl Into<Cow<'static, str>>) -> Self {
        Self { outcome, message: message.into(), retry_after: None }
    }

    /// Sending the same again, after a pause, will help.
    pub fn for_now(outcome: Outcome, message: impl Into<Cow<'static, str>>, retry_after: Duration) -> Self {
        Self { outcome, message: message.into(), retry_after: Some(retry_after) }
    }
}

/// What the sender is told. Exists only for requests that were counted.
#[derive(Debug)]
pub struct Answer {
    /// The events that were taken and left out, or why none was.
    pub result: Result<Tally, Refusal>,
    _counted: (),
}

/// A request that has come in and must end in an outcome.
#[derive(Debug)]
#[must_use = "a request must end in an outcome"]
pub struct Arrival<'l> {
    ledger: &'l Ledger,
    surface: Surface,
    events: u32,
    ended: bool,
}

impl Arrival<'_> {
    /// Notes how many events there are, so that they too end in an outcome.
    pub fn holds(&mut self, tally: &Tally) {
        self.events = tally.total();
    }

    /// Ends it: counts the request and its events.
    pub fn end(mut self, result: Result<Tally, Refusal>) -> Answer {
        self.ended = true;
        match &result {
            Ok(tally) => {
                self.ledger.count_events(Outcome::Accepted, tally.good);
                self.ledger.count_events(Outcome::TooLarge, tally.too_large);
                self.ledger.count_events(Outcome::Malformed, tally.malformed);
                self.ledger.count_request(self.surface, if tally.total() == 0 { Outcome::Empty } else { Outcome::Accepted });
            }
            Err(refusal) => self.end_all(refusal.outcome),
        }
        Answer { result, _counted: () }
    }

    fn end_all(&self, outcome: Outcome) {
        self.ledger.count_events(outcome, self.events);
        self.ledger.count_request(self.surface, outcome);
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.end_all(Outcome::Abandoned);
        }
    }
}

/// The counts since the process began.
#[derive(Debug, Default)]
pub struct Ledger {
    requests: [[AtomicU64; Outcome::ALL.len()]; Surface::VARIANTS.len()],
    events: [AtomicU64; Outcome::ALL.len()],
    received_bytes: AtomicU64,
    decoded_bytes: AtomicU64,
    cut_requests: AtomicU64,
    settlements: [AtomicU64; Settlement::VARIANTS.len()],
}

impl Ledger {
    /// Opens a request.
    pub fn arrival(&self, surface: Surface) -> Arrival<'_> {
        Arrival { ledger: self, surface, events: 0, ended: false }
    }

    /// Adds the size of a body, as it came and decompressed.
    pub fn count_bytes(&self, received: usize, decoded: usize) {
        self.received_bytes.fetch_add(received as u64, Relaxed);
        self.decoded_bytes.fetch_add(decoded as u64, Relaxed);
    }

    /// Adds a request that was rewritten.
    pub fn count_cut(&self) {
        self.cut_requests.fetch_add(1, Relaxed);
    }

    /// Adds a settlement with the other replicas.
    pub fn count_settlement(&self, settlement: Settlement) {
        if let Some(count) = self.settlements.get(settlement as usize) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Settlements that ended so.
    pub fn settlements(&self, settlement: Settlement) -> u64 {
        self.settlements.get(settlement as usize).map_or(0, |count| count.load(Relaxed))
    }

    /// Requests that ended so, on all surfaces.
    pub fn requests(&self, outcome: Outcome) -> u64 {
        self.requests.iter().filter_map(|surface| surface.get(outcome as usize)).map(|count| count.load(Relaxed)).sum()
    }

    /// Events that ended so.
    pub fn events(&self, outcome: Outcome) -> u64 {
        self.events.get(outcome as usize).map_or(0, |count| count.load(Relaxed))
    }

    fn count_request(&self, surface: Surface, outcome: Outcome) {
        if let Some(count) = self.requests.get(surface as usize).and_then(|outcomes| outcomes.get(outcome as usize)) {
            count.fetch_add(1, Relaxed);
        }
    }

    fn count_events(&self, outcome: Outcome, events: u32) {
        if events == 0 {
            return;
        }
        if let Some(count) = self.events.get(outcome as usize) {
            count.fetch_add(u64::from(events), Relaxed);
        }
    }

    /// Shows the counts as metrics.
    pub fn export(self: &Arc<Self>, meter: &Meter) {
        let ledger = Arc::clone(self);
        let requests = meter.u64_observable_counter("telemetry.requests").with_description("requests by surface and outcome");
        requests
            .with_callback(move |observer| {
                for (surface, counts) in Surface::VARIANTS.iter().zip(&ledger.requests) {
                    for (outcome, count) in Outcome::ALL.iter().zip(counts) {
                        let count = count.load(Relaxed);
                        if count > 0 {
                            let attributes = [KeyValue::new("surface", surface.into_str()), KeyValue::new("outcome", outcome.into_str())];
                            observer.observe(count, &attributes);
                        }
                    }
                }
            })
            .build();

        let ledger = Arc::clone(self);
        let of_wrappers =
            "events by outcome; a line, object or log record in which a shipper wrapped several is one, monitor.events counts each";
        let events = meter.u64_observable_counter("telemetry.events").with_description(of_wrappers);
        events
            .with_callback(move |observer| {
                for (outcome, count) in Outcome::ALL.iter().zip(&ledger.events) {
                    let count = count.load(Relaxed);
                    if count > 0 {
                        observer.observe(count, &[KeyValue::new("outcome", outcome.into_str())]);
                    }
                }
            })
            .build();

        let ledger = Arc::clone(self);
        let settlements = meter
            .u64_observable_counter("telemetry.settlements")
            .with_description("rounds of sharing rate limits through Redis, by outcome");
        settlements
            .with_callback(move |observer| {
                for settlement in Settlement::VARIANTS {
                    let count = ledger.settlements(*settlement);
                    if count > 0 {
                        observer.observe(count, &[KeyValue::new("outcome", settlement.into_str())]);
                    }
                }
            })
            .build();

        self.export_total(meter, "telemetry.received", "By", "bodies as they came", |ledger| &ledger.received_bytes);
        self.export_total(meter, "telemetry.decoded", "By", "bodies after decompression", |ledger| &ledger.decoded_bytes);
        self.export_total(meter, "telemetry.requests.cut", "{request}", "requests rewritten before they were stored", |ledger| {
            &ledger.cut_requests
        });
    }

    fn export_total(
        self: &Arc<Self>,
        meter: &Meter,
        name: &'static str,
        unit: &'static str,
        description: &'static str,
        total: fn(&Self) -> &AtomicU64,
    ) {
        let ledger = Arc::clone(self);
        let counter = meter.u64_observable_counter(name).with_unit(unit).with_description(description);
        counter.with_callback(move |observer| observer.observe(total(&ledger).load(Relaxed), &[])).build();
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::metrics::MeterProvider as _;
    use opentelemetry_sdk::metrics::SdkMeterProvider;

    use super::*;

    fn tally(good: u32, too_large: u32, malformed: u32) -> Tally {
        Tally { good, too_large, malformed, first_flaw: None }
    }

    #[test]
    fn every_event_of_a_request_ends_in_one_outcome() {
        let ledger = Ledger::default();
        let mut arrival = ledger.arrival(Surface::OtlpHttp);
        arrival.holds(&tally(5, 2, 1));
        let answer = arrival.end(Ok(tally(5, 2, 1)));
        assert!(answer.result.is_ok());
        assert_eq!((ledger.events(Outcome::Accepted), ledger.events(Outcome::TooLarge), ledger.events(Outcome::Malformed)), (5, 2, 1));
        assert_eq!((ledger.requests(Outcome::Accepted), ledger.requests(Outcome::Abandoned)), (1, 0));
    }

    #[test]
    fn a_refused_request_takes_all_its_events_along() {
        let ledger = Ledger::default();
        let mut arrival = ledger.arrival(Surface::Events);
        arrival.holds(&tally(5, 2, 0));
        let _answer = arrival.end(Err(Refusal::for_now(Outcome::LogBusy, "later", Duration::from_secs(1))));
        assert_eq!((ledger.events(Outcome::LogBusy), ledger.events(Outcome::Accepted), ledger.requests(Outcome::LogBusy)), (7, 0, 1));
    }

    #[test]
    fn a_lost_request_is_counted_as_abandoned() {
        let ledger = Ledger::default();
        let mut arrival = ledger.arrival(Surface::OtlpGrpc);
        arrival.holds(&tally(3, 0, 0));
        drop(arrival);
        assert_eq!((ledger.requests(Outcome::Abandoned), ledger.events(Outcome::Abandoned)), (1, 3));
    }

    #[test]
    fn outcomes_have_names_of_their_own() {
        let mut names: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.into_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Outcome::ALL.len());
    }

    #[test]
    fn everything_that_is_counted_is_shown_as_metrics() {
        let ledger = Arc::new(Ledger::default());
        let mut arrival = ledger.arrival(Surface::OtlpHttp);
        arrival.holds(&tally(5, 2, 0));
        let _answer = arrival.end(Ok(tally(5, 2, 0)));
        let _answer = ledger.arrival(Surface::Elsewhere).end(Err(Refusal::for_good(Outcome::PathUnknown, "nothing is here")));
        let _answer = ledger.arrival(Surface::Events).end(Ok(tally(0, 0, 0)));
        ledger.count_bytes(100, 900);
        ledger.count_bytes(11, 23);
        ledger.count_cut();
        ledger.count_settlement(Settlement::Failed);

        let registry = prometheus::Registry::new();
        let reader = opentelemetry_prometheus::exporter().with_registry(registry.clone()).build().unwrap();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        ledger.export(&provider.meter("telemetry-ingest"));
        let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
        let of_the_exporter = r#"otel_scope_name="telemetry-ingest""#;
        let plain = text.replace(&format!("{of_the_exporter},"), "").replace(&format!(",{of_the_exporter}"), "");
        let plain = plain.replace(&format!("{{{of_the_exporter}}}"), "");
        let shown: Vec<&str> = plain.lines().filter(|line| line.starts_with("telemetry_")).collect();
        assert_eq!(
            shown,
            [
                "telemetry_decoded_bytes_total 923",
                r#"telemetry_events_total{outcome="accepted"} 5"#,
                r#"telemetry_events_total{outcome="too_large"} 2"#,
                "telemetry_received_bytes_total 111",
                "telemetry_requests_cut_total 1",
                r#"telemetry_requests_total{outcome="accepted",surface="otlp_http"} 1"#,
                r#"telemetry_requests_total{outcome="empty",surface="events"} 1"#,
                r#"telemetry_requests_total{outcome="path_unknown",surface="elsewhere"} 1"#,
                r#"telemetry_settlements_total{outcome="failed"} 1"#,
            ]
        );
    }
}
