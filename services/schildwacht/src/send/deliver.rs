//! Posting a batch until it is taken, refused, or given up.
//!
//! Taken is only what the ingest edge itself says it took: a sign-in page, a proxy or a redirect may answer 200 as well, and
//! then nothing is in the log. So redirects are not followed, and an answer that is not the edge's own is a refusal.

use std::time::Duration;

use anyhow::{Context as _, Result};
use auth::{ClientCredentials, MachineTokens};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use runtime::Clock;
use serde::Deserialize;
use url::Url;

use super::{
    backoff::{Backoff, retry_after},
    batch::{Batch, Encoding, Protocol},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// For one request of a token.
const ISSUER_PATIENCE: Duration = Duration::from_secs(15);

/// Posts batches as a gateway.
#[derive(Debug)]
pub struct Sender {
    http: reqwest::Client,
    url: Url,
    protocol: Protocol,
    encoding: Encoding,
    retries: u32,
    tokens: MachineTokens,
    clock: Clock,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is in the log, but for the events that were left out.
    Taken {
        /// Events that were left out.
        left_out: u64,
        /// Why they were.
        why: String,
    },
    /// Sending it again would not help.
    Refused(String),
    /// It might be taken later, but the retries are used up.
    GivenUp(String),
    /// It was never sent: the issuer gives no token.
    NoToken(String),
}

/// A batch's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Events of the batch.
    pub events: u64,
    /// The lines of the file in which its first and its last event begin.
    pub place: Option<(u64, u64)>,
    /// Bytes of the request's body, once.
    pub bytes: u64,
    /// How often it was sent.
    pub requests: u32,
    /// How it ended.
    pub fate: Fate,
}

enum Attempt {
    Over(Fate),
    Again { why: String, asked: Option<Duration> },
    NewToken { refused: String, why: String },
}

impl Sender {
    /// Sends to the ingest edge at this address.
    pub fn new(
        at: &Url,
        protocol: Protocol,
        encoding: Encoding,
        retries: u32,
        credentials: ClientCredentials,
        clock: Clock,
    ) -> Result<Self> {
        let url = at.join(protocol.path()).with_context(|| format!("{at} is no address to post to"))?;
        let http = reqwest::Client::builder().timeout(PATIENCE).redirect(Policy::none()).build()?;
        let tokens = MachineTokens::new(credentials, ISSUER_PATIENCE)?;
        Ok(Self { http, url, protocol, encoding, retries, tokens, clock })
    }

    /// Delivers a batch.
    pub async fn deliver(&self, batch: Batch) -> Delivery {
        self.deliver_and_tell(batch, |_| {}).await
    }

    /// The same, and tells at once why it has to try again.
    pub async fn deliver_and_tell(&self, batch: Batch, tell: impl Fn(&str)) -> Delivery {
        let mut delivery =
            Delivery { events: batch.events(), place: batch.place(), bytes: 0, requests: 0, fate: Fate::Refused(String::new()) };
        let body = match batch.body(self.protocol, self.encoding) {
            Ok(body) => bytes::Bytes::from(body),
            Err(error) => {
                delivery.fate = Fate::Refused(format!("cannot be compressed: {error}"));
                return delivery;
            }
        };
        delivery.bytes = body.len() as u64;
        let mut backoff = Backoff::new(self.retries);
        let mut had_new_token = false;
        delivery.fate = loop {
            let attempt = match self.tokens.get().await {
                Ok(token) => {
                    delivery.requests += 1;
                    self.attempt(token, delivery.events, body.clone()).await
                }
                Err(error) if error.is_final => Attempt::Over(Fate::NoToken(error.to_string())),
                Err(error) => Attempt::Again { why: error.to_string(), asked: None },
            };
            let (why, asked) = match attempt {
                Attempt::Over(fate) => break fate,
                Attempt::NewToken { refused, .. } if !had_new_token => {
                    had_new_token = true;
                    self.tokens.forget(&refused).await;
                    continue;
                }
                Attempt::NewToken { why, .. } => break Fate::Refused(why),
                Attempt::Again { why, asked } => (why, asked),
            };
            let Some(pause) = backoff.pause(asked) else { break Fate::GivenUp(why) };
            tell(&why);
            tokio::time::sleep(pause).await;
        };
        delivery
    }

    async fn attempt(&self, token: String, events: u64, body: bytes::Bytes) -> Attempt {
        let request = self.http.post(self.url.clone()).header(AUTHORIZATION, format!("Bearer {token}"));
        let request = request.header(CONTENT_TYPE, self.protocol.media_type()).header(CONTENT_ENCODING, self.encoding.name());
        let response = match request.body(body).send().await {
            Ok(response) => response,
            Err(error) => return Attempt::Again { why: format!("{:#}", anyhow::Error::new(error)), asked: None },
        };
        let status = response.status();
        let asked = response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, self.clock.now()));
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let (media_type, location) = (header(CONTENT_TYPE), header(LOCATION));
        let answer = match response.bytes().await {
            Ok(answer) => answer,
            Err(error) => return Attempt::Again { why: format!("{:#}", anyhow::Error::new(error)), asked: None },
        };
        match status {
            _ if status.is_success() => {
                Attempt::Over(self.taken(events, &media_type, &answer).unwrap_or_else(|| self.somebody_else(status)))
            }
            _ if status.is_redirection() => Attempt::Over(Fate::Refused(format!(
                "something else answers at {}: {status} to {location:?}, which is not followed; give the right address with --at",
                self.url
            ))),
            StatusCode::UNAUTHORIZED => Attempt::NewToken { refused: token, why: complaint(status, &answer) },
            StatusCode::TOO_MANY_REQUESTS | StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                Attempt::Again { why: complaint(status, &answer), asked }
            }
            StatusCode::NOT_FOUND => Attempt::Over(Fate::Refused(self.nothing_there())),
            _ => Attempt::Over(Fate::Refused(complaint(status, &answer))),
        }
    }

    fn nothing_there(&self) -> String {
        format!("nothing takes events at {}; give the right address with --at", self.url)
    }

    fn somebody_else(&self, status: StatusCode) -> Fate {
        let advice = "not as an ingest edge does; give the right address with --at";
        Fate::Refused(format!("something else answers at {}: {status}, {advice}", self.url))
    }

    /// What the edge says it took of so many events; `None` when this is not the edge's answer.
    fn taken(&self, events: u64, media_type: &str, answer: &[u8]) -> Option<Fate> {
        let (left_out, why) = match self.protocol {
            Protocol::JsonLines => {
                let taken: Taken = serde_json::from_slice(answer).ok()?;
                // A line that was an array counts as several there.
                (events.saturating_sub(taken.accepted).max(taken.rejected), taken.message)
            }
            Protocol::Otlp => {
                // An empty body is a whole protobuf message, so what it is called decides.
                if media_type != self.protocol.media_type() {
                    return None;
                }
                let response: ExportLogsServiceResponse = prost::Message::decode(answer).ok()?;
                let partial = response.partial_success.unwrap_or_default();
                (u64::try_from(partial.rejected_log_records).unwrap_or_default(), partial.error_message)
            }
        };
        Some(Fate::Taken { left_out, why })
    }
}

/// The answer to JSON lines.
#[derive(Deserialize)]
struct Taken {
    accepted: u64,
    #[serde(default)]
    rejected: u64,
    #[serde(default)]
    message: String,
}

/// An error as JSON (RFC 9457); other bodies are not for people.
#[derive(Deserialize, Default)]
struct Problem {
    #[serde(default)]
    title: String,
}

fn complaint(status: StatusCode, answer: &[u8]) -> String {
    let problem: Problem = serde_json::from_slice(answer).unwrap_or_default();
    if problem.title.is_empty() { status.to_string() } else { format!("{status}: {}", problem.title) }
}
