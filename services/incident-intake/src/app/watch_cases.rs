//! Tells who watches that something changed in the queue.
//!
//! Every replica follows `incident.case.v1` from its end and tells its own watchers, so that a change made at another replica
//! is seen like one made here. A watcher that reads too slowly is told that anything may have changed, and never holds up
//! another.

use std::time::Duration;

use auth::{Action, Context};
use chrono::{DateTime, Utc};
use futures::{FutureExt as _, Stream, StreamExt as _};
use runtime::{CaseId, Result, SchoolId};
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

use super::App;

/// Changes a watcher may be behind.
const BUFFERED: usize = 1_024;

/// Something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseNews {
    /// One case.
    Changed {
        /// Whose it is.
        school_id: SchoolId,
        /// Which.
        case_id: CaseId,
        /// For people.
        reference: String,
        /// Whether it is new.
        opened: bool,
        /// When.
        at: DateTime<Utc>,
    },
    /// Anything may have changed.
    Anything,
}

/// From the event log to those who watch.
#[derive(Debug, Clone)]
pub struct CaseFeed(broadcast::Sender<CaseNews>);

impl CaseFeed {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(BUFFERED))
    }

    /// Tells all who watch now.
    pub fn tell(&self, news: CaseNews) {
        // Nobody watching is no trouble.
        let _watchers = self.0.send(news);
    }
}

/// See the module. The stream ends when the caller's token does, and at the shutdown.
pub fn watch_cases(app: &App, cx: &Context) -> Result<impl Stream<Item = CaseNews> + Send + use<>> {
    let scope = cx.scope(Action::CaseRead)?;
    let news = BroadcastStream::new(app.feed.0.subscribe()).filter_map(move |news| {
        let seen = match news {
            Ok(CaseNews::Changed { school_id, .. }) if !scope.contains(school_id) => None,
            Ok(news) => Some(news),
            Err(BroadcastStreamRecvError::Lagged(_)) => Some(CaseNews::Anything),
        };
        std::future::ready(seen)
    });
    let time_left = cx.expires_at().map(|end| (end - cx.clock.now()).to_std().unwrap_or(Duration::ZERO));
    let shutdown = app.shutdown.clone();
    let end = async move {
        match time_left {
            Some(time_left) => tokio::select! {
                () = shutdown.requested() => {}
                () = tokio::time::sleep(time_left) => {}
            },
            None => shutdown.requested().await,
        }
    };
    Ok(news.take_until(end.boxed()))
}
