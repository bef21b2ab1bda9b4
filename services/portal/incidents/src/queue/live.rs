//! The live part of the queue: how many new cases this list has since it was shown, as server-sent events.
//!
//! The number is asked of incident-intake with the list's own filters, so it is exact, also after a lost connection: the
//! browser reconnects to the same address, which says since when to count. Changes only say *when* to ask.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::RawQuery,
    response::{
        IntoResponse as _, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use chrono::DateTime;
use futures::stream::{self, Stream};
use portal_frame::{Failure, Problem, Visit, metrics::OpenStream, upstream::Calls};
use prost_types::Timestamp;
use proto::incident_intake::v1 as wire;
use runtime::Shutdown;
use tokio_stream::StreamExt as _;
use tonic::Streaming;

use super::{address::QueueQuery, words::QueueWords};

/// Proxies close connections that say nothing.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How soon a browser comes back.
const RECONNECT: Duration = Duration::from_secs(5);
/// Changes come in bursts; one question answers a burst.
const GATHER: Duration = Duration::from_millis(500);

/// `GET /wachtrij/stroom?…&sinds=<microseconds since 1970>`.
pub(crate) async fn stream(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let since = since(&query).ok_or(Failure::Problem(Problem::Invalid))?;
    let calls = visit.calls();
    let changes = calls.cases_without_deadline().watch_cases(wire::WatchCasesRequest {}).await?.into_inner();
    let counter = Counter {
        request: wire::ListCasesRequest { opened_after: Some(since), ..QueueQuery::parse(&query).request(1) },
        calls,
        words: QueueWords(visit.around.preferences.language),
        changes,
        shutdown: visit.around.portal.shutdown.clone(),
        last: 0,
        has_begun: false,
        _open: OpenStream::begin(),
    };
    Ok(Sse::new(counter.events()).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response())
}

fn since(query: &str) -> Option<Timestamp> {
    let (_, micros) = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "sinds")?;
    let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
    Some(Timestamp { seconds: at.timestamp(), nanos: i32::try_from(at.timestamp_subsec_nanos()).ok()? })
}

/// Counts what is new whenever something changes.
struct Counter {
    request: wire::ListCasesRequest,
    calls: Calls,
    words: QueueWords,
    changes: Streaming<wire::CaseChange>,
    shutdown: Shutdown,
    /// What was last said.
    last: i64,
    has_begun: bool,
    _open: OpenStream,
}

impl Counter {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, |mut counter| async move {
            let event = counter.next().await?;
            Some((Ok(event), counter))
        })
    }

    /// The next thing to say; `None` when the stream ends and the browser should come back.
    async fn next(&mut self) -> Option<Event> {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if is_first {
            return Some(self.count().await?.retry(RECONNECT));
        }
        let shutdown = self.shutdown.clone();
        shutdown.or_stop(self.something_changed()).await??;
        self.count().await
    }

    /// Waits for a change that may have opened a case, and for the rest of its burst.
    async fn something_changed(&mut self) -> Option<()> {
        loop {
            let change = self.changes.next().await?.ok()?;
            let may_have_opened_one = change.opened || change.case_id.is_empty();
            if may_have_opened_one {
                break;
            }
        }
        let burst_ends = tokio::time::Instant::now() + GATHER;
        while let Ok(change) = tokio::time::timeout_at(burst_ends, self.changes.next()).await {
            change?.ok()?;
        }
        Some(())
    }

    /// The number of new cases; a comment, which browsers pass over, when it is what was said before.
    async fn count(&mut self) -> Option<Event> {
        let count = match self.calls.cases().list_cases(self.request.clone()).await {
            Ok(answer) => answer.into_inner().total_size,
            Err(status) => {
                tracing::debug!(name: "queue.not_counted", code = ?status.code(), "new cases not counted, the stream ends");
                return None;
            }
        };
        let before = std::mem::replace(&mut self.last, count);
        let event = Event::default();
        Some(if count == before { event.comment("niets nieuws") } else { event.event("nieuw").data(self.words.fresh(count)) })
    }
}
