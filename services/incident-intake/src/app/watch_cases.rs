//! Tells who watches that something changed in the queue.
//!
//! Every replica follows `incident.case.v1` from its end and tells its own watchers, so that a change made at another replica
//! is seen like one made here. A watcher that reads too slowly is told that anything may have changed, and never holds up
//! another.

use std::time::Duration;

use auth::{Action, Context};
use futures::{FutureExt as _, Stream, StreamExt as _};
use runtime::Result;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};

use super::{App, case_feed::CaseNews};

/// The stream ends when the caller's token does, and at the shutdown.
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

#[cfg(test)]
mod tests {

    use auth::{Function, Principal, Subject};
    use content::{Library, Settings};
    use runtime::{Clock, Shutdown};
    use testkit::{Store, TestDatabase};
    use uuid::Uuid;

    use chrono::DateTime;
    use runtime::{CaseId, SchoolId};

    use super::{super::case_feed::BUFFERED, *};

    fn news(number: u64) -> CaseNews {
        let school_id = SchoolId::from(Uuid::from_u64_pair(1, 1));
        let case_id = CaseId::from(Uuid::from_u64_pair(2, number));
        CaseNews::Changed { school_id, case_id, reference: format!("SW-2026-{number:04}"), opened: true, at: DateTime::UNIX_EPOCH }
    }

    #[tokio::test]
    async fn who_reads_too_slowly_is_told_that_anything_may_have_changed() {
        let test = TestDatabase::new(Store::Sqlite).await.unwrap();
        let database = test.migrated(crate::migrations()).await;
        let app = App::new(database, Library::load(&Settings::default()).unwrap(), 20, Shutdown::default());
        let subject = Subject::Person(Uuid::from_u64_pair(3, 1).into());
        let principal = Principal { subject, name: "Noor".to_owned(), functions: vec![Function::Responder] };
        let cx = testkit::context(principal, Clock::system());
        let mut watching = std::pin::pin!(watch_cases(&app, &cx).unwrap());

        let told = u64::try_from(BUFFERED).unwrap() + 10;
        for number in 1..=told {
            app.feed().tell(news(number));
        }

        assert_eq!(watching.next().await, Some(CaseNews::Anything));
        assert_eq!(watching.next().await, Some(news(11)), "then it goes on with what is still there");
    }
}
