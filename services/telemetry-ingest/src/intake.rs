//! The one use case: accept a gateway's request and answer when the event log has it.
//!
//! Authenticate the gateway, examine the body, charge its rate limit, cut what is too large, append it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use auth::{Action, Policies, Resource, Subject, TokenError, Verifier};
use bytes::Bytes;
use events::{LogError, Record, SharedLog, Topic};
use http::{HeaderMap, header};
use runtime::{
    Clock, Ids,
    security::{SecurityEvent, UNVERIFIED},
};
use tokio::time::Instant;

use crate::{
    batch::{self, Body},
    gateway::{Directory, Gateway},
    limit::{Budget, Exhausted, Share},
    outcome::{Arrival, Ledger, Outcome, Refusal},
    scan::{Encoding, Examined, Limits, ScanError, Tally, Upload},
};

const COME_BACK_SOON: Duration = Duration::from_secs(1);
const COME_BACK_LATER: Duration = Duration::from_secs(5);
/// When who processes batches must catch up first.
const COME_BACK_WHEN_PROCESSED: Duration = Duration::from_secs(30);

/// Everything a request meets on its way.
pub struct Intake {
    /// Where batches go.
    pub log: SharedLog,
    /// Verifies tokens and recognises them.
    pub verifier: Arc<Verifier>,
    /// Whether gateways may post at all.
    pub policies: Arc<Policies>,
    /// Which gateways there are.
    pub directory: Arc<Directory>,
    /// Memory for all requests under way.
    pub budget: Budget,
    /// Counts outcomes.
    pub ledger: Arc<Ledger>,
    /// What a request may be.
    pub limits: Limits,
    /// Largest body as it comes.
    pub max_request_bytes: usize,
    /// Time a body may take to come in.
    pub body_timeout: Duration,
    /// Time the log may take.
    pub append_timeout: Duration,
    /// Whether the log failed last time.
    pub log_away: AtomicBool,
    /// Of record times, and of token expiry.
    pub clock: Clock,
    /// Ids of records.
    pub ids: Ids,
    /// The beginning that allowances and the directory's age count from.
    pub began: Instant,
}

/// A body that has come in, the memory it takes, and the trace it belongs to.
pub struct Received {
    /// The body.
    pub upload: Upload,
    /// Given back when the request is answered.
    pub share: Share,
    /// `traceparent`, where the request is traced.
    pub traceparent: Option<Bytes>,
}

impl Intake {
    /// Recognises the gateway and asks whether it may send now, before anything of the body is read.
    ///
    /// # Errors
    /// When it may not.
    pub async fn admit(&self, headers: &HeaderMap) -> Result<Arc<Gateway>, Refusal> {
        let verified = self.verifier.verify(bearer_token(headers)?).await.map_err(refuse_token)?;
        let refused = |refusal: Refusal| {
            let reason = refusal.outcome.into_str();
            SecurityEvent::AuthorisationRefused.record(&verified.principal.actor(), Action::TelemetryPost.name(), "platform", reason);
            refusal
        };
        let Subject::Gateway(id) = verified.principal.subject else { return Err(refused(not_a_gateway())) };
        let now = self.began.elapsed();
        let is_known = |refusal: &Refusal| matches!(refusal.outcome, Outcome::GatewayUnknown | Outcome::GatewayRevoked);
        let gateway = self.directory.admit(id, now).map_err(|refusal| if is_known(&refusal) { refused(refusal) } else { refusal })?;
        let may_post = || self.policies.permits(&verified.principal, Action::TelemetryPost, Resource::Platform);
        if !gateway.permitted.get_or_init(may_post) {
            return Err(refused(not_a_gateway()));
        }
        self.require_rates(&gateway)?;
        Ok(gateway)
    }

    /// Whether the gateway and its school are within their rates now.
    fn require_rates(&self, gateway: &Gateway) -> Result<(), Refusal> {
        let now = self.began.elapsed();
        let of_gateway = gateway.rates.check(now).map_err(over_the_rate);
        let of_both = of_gateway.and_then(|()| gateway.school.rates.check(now).map_err(over_the_rate_of_the_school));
        of_both.inspect_err(|_refusal| self.note_refusal(gateway))
    }

    /// Notes that something of a school was refused because it sends too much. What it sends again while the log is unavailable is not its fault.
    pub(crate) fn note_refusal(&self, gateway: &Gateway) {
        let id = String::from_utf8_lossy(&gateway.id_text);
        SecurityEvent::RateLimited.record(&format!("gateway:{id}"), Action::TelemetryPost.name(), "platform", "");
        if !self.log_away.load(Relaxed) {
            gateway.school.note_refusal();
        }
    }

    /// Processes a body.
    ///
    /// # Errors
    /// When nothing of it was taken, or when that is not known.
    pub async fn take_in(&self, gateway: &Gateway, mut received: Received, arrival: &mut Arrival<'_>) -> Result<Tally, Refusal> {
        // Asked again: others of the school may have come in since the body began, and examining is work.
        self.require_rates(gateway).inspect_err(|_refusal| self.charge_unfinished(gateway, received.upload.bytes.len()))?;
        let examined = received.upload.examine(&self.limits);
        self.charge(gateway, &received.upload, &examined, arrival);
        let Examined { found, decoded_bytes, format } = examined;
        received.upload.format = format;
        let upload = &received.upload;
        let tally = found.map_err(refuse_scan)?;
        if tally.total() == 0 {
            return Ok(tally);
        }
        if tally.good == 0 {
            return Err(refuse_all(&tally));
        }

        let (bodies, tally) = if upload.needs_cutting(&tally, &self.limits) {
            received.share.grow(decoded_bytes).map_err(|exhausted| self.no_memory(gateway, exhausted))?;
            let (bodies, tally) = self.cut(upload)?;
            // Each body repeats what its first events stand under.
            let written: usize = bodies.iter().map(|body| body.bytes.len()).sum();
            received.share.grow(written.saturating_sub(decoded_bytes)).map_err(|exhausted| self.no_memory(gateway, exhausted))?;
            (bodies, tally)
        } else {
            let body = Body { format: upload.format, encoding: upload.encoding, bytes: upload.bytes.clone(), events: tally.good };
            (vec![body], tally)
        };
        arrival.holds(&tally);
        if tally.good == 0 {
            return Err(refuse_all(&tally));
        }
        let taken_in_at = self.clock.now();
        let record = |body| batch::record(body, gateway, received.traceparent.as_ref(), &self.ids, taken_in_at);
        self.append(bodies.into_iter().map(record).collect()).await?;
        Ok(tally)
    }

    /// Counts what came in and charges the gateway's rate limit; also for refused bodies, as examining them was work too.
    fn charge(&self, gateway: &Gateway, upload: &Upload, examined: &Examined, arrival: &mut Arrival<'_>) {
        let received_bytes = upload.bytes.len();
        let (events, decoded_bytes) = match &examined.found {
            Ok(tally) => {
                arrival.holds(tally);
                (tally.total(), examined.decoded_bytes)
            }
            Err(ScanError::TooLarge { limit }) => (0, *limit),
            Err(_) => (0, examined.decoded_bytes.max(received_bytes)),
        };
        self.ledger.count_bytes(received_bytes, decoded_bytes);
        gateway.charge(u64::from(events), decoded_bytes as u64, self.began.elapsed());
    }

    /// Charges the memory that a request held which did not come to its end, as if that much had come.
    pub(crate) fn charge_unfinished(&self, gateway: &Gateway, held: usize) {
        gateway.charge(0, held as u64, self.began.elapsed());
    }

    pub(crate) fn no_memory(&self, gateway: &Gateway, exhausted: Exhausted) -> Refusal {
        match exhausted {
            Exhausted::All => Refusal::for_now(Outcome::Busy, "too many requests at once; send it again in a moment", COME_BACK_SOON),
            Exhausted::School => {
                self.note_refusal(gateway);
                let message = "the gateways of this school have too much under way at once; send it again when the rest is answered";
                Refusal::for_now(Outcome::SchoolRateLimited, message, COME_BACK_SOON)
            }
        }
    }

    fn cut(&self, upload: &Upload) -> Result<(Vec<Body>, Tally), Refusal> {
        self.ledger.count_cut();
        let cut = upload.cut(&self.limits).map_err(refuse_scan)?;
        let format = upload.format.of_pieces();
        let body = |piece: crate::scan::Piece| Body { format, encoding: Encoding::Identity, bytes: piece.bytes, events: piece.events };
        Ok((cut.pieces.into_iter().map(body).collect(), cut.tally))
    }

    async fn append(&self, records: Vec<Record>) -> Result<(), Refusal> {
        let appended = tokio::time::timeout(self.append_timeout, self.log.append(Topic::TelemetryBatch, records)).await;
        let problem: &dyn std::fmt::Display = match &appended {
            Ok(Ok(_positions)) => {
                if self.log_away.load(Relaxed) && self.log_away.swap(false, Relaxed) {
                    tracing::info!(name: "batch.appended_again", "event log takes batches again");
                }
                return Ok(());
            }
            Ok(Err(LogError::Busy)) => {
                return Err(Refusal::for_now(Outcome::LogBusy, "the event log is busy; send it again in a moment", COME_BACK_SOON));
            }
            // The log itself says once for whom it waits.
            Ok(Err(LogError::Full { .. })) => {
                let message = "the event log is full until what it holds has been processed; send it again after the pause";
                return Err(Refusal::for_now(Outcome::LogFull, message, COME_BACK_WHEN_PROCESSED));
            }
            Ok(Err(error)) => error,
            Err(_elapsed) => &"no acknowledgement in time",
        };
        // Said once for an outage, not once for each batch; the batches are counted.
        if !self.log_away.swap(true, Relaxed) {
            tracing::warn!(name: "batch.not_appended", error = %problem, "event log does not take batches, senders told to retry");
        }
        Err(Refusal::for_now(Outcome::LogUnavailable, "the event log is unavailable; send it again later", COME_BACK_LATER))
    }
}

fn bearer_token(headers: &HeaderMap) -> Result<&str, Refusal> {
    let missing = || {
        SecurityEvent::TokenRefused.record(UNVERIFIED, "authenticate", auth::AUDIENCE_TELEMETRY, "token_missing");
        Refusal::for_good(Outcome::Unauthenticated, "send the gateway's token: authorization: Bearer …")
    };
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
}

fn refuse_token(error: TokenError) -> Refusal {
    match error {
        TokenError::IssuerAway => {
            Refusal::for_now(Outcome::IssuerUnavailable, "tokens cannot be verified just now; send it again later", COME_BACK_LATER)
        }
        TokenError::KeyNotKnownYet { retry_after } => {
            Refusal::for_now(Outcome::IssuerUnavailable, "the token's key is not known yet; send it again after the pause", retry_after)
        }
        _ => Refusal::for_good(
            Outcome::Unauthenticated,
            format!("{error}; ask the issuer for a new one, audience {}", auth::AUDIENCE_TELEMETRY),
        ),
    }
}

fn not_a_gateway() -> Refusal {
    Refusal::for_good(Outcome::NotAGateway, "only gateways may send telemetry; use the credentials of an enrolled gateway")
}

fn over_the_rate(wait: Duration) -> Refusal {
    Refusal::for_now(Outcome::RateLimited, "this gateway sends more than it may; send it again after the pause", wait)
}

fn over_the_rate_of_the_school(wait: Duration) -> Refusal {
    let message = "the gateways of this school together send more than they may; send it again after the pause";
    Refusal::for_now(Outcome::SchoolRateLimited, message, wait)
}

fn refuse_scan(error: ScanError) -> Refusal {
    let outcome = match error {
        ScanError::Malformed(_) => Outcome::Malformed,
        ScanError::TooLarge { .. }
        | ScanError::TooManyEvents { .. }
        | ScanError::TooManyGroups { .. }
        | ScanError::SurroundingsTooLarge { .. } => Outcome::TooLarge,
    };
    Refusal::for_good(outcome, error.to_string())
}

fn refuse_all(tally: &Tally) -> Refusal {
    let outcome = if tally.malformed > 0 { Outcome::Malformed } else { Outcome::TooLarge };
    Refusal::for_good(outcome, format!("no event could be taken: {}", what_was_left_out(tally)))
}

/// For the sender: how many events were left out, and why.
pub(crate) fn what_was_left_out(tally: &Tally) -> String {
    let mut reasons = Vec::new();
    if tally.too_large > 0 {
        reasons.push(format!("{} too large", tally.too_large));
    }
    if let Some(flaw) = tally.first_flaw {
        reasons.push(format!("{} malformed, the first at {flaw}", tally.malformed));
    }
    reasons.join("; ")
}
