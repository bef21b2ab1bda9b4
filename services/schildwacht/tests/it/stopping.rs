//! Stopping: what is under way is finished.

use std::convert::Infallible;

use futures::{StreamExt as _, stream};
use testkit::{eventually, http_client};
use tokio::sync::oneshot;

use crate::{
    eve,
    people::Person,
    town::{Town, ZANDLOPER},
};

#[tokio::test]
async fn a_request_under_way_is_finished_and_kept() {
    let mut town = Town::open().await;
    let school = town.school(ZANDLOPER).await;
    let noor = Person::sign_in(&town.site, "noor").await;
    let sensor = town.sensor(&school).await;

    // The body comes in two parts, the second only when the process is stopping.
    let (go_on, told_to_go_on) = oneshot::channel();
    let first = format!("{}\n", eve::odd_traffic(eve::just_now(), 2_200_301, "10.20.4.37"));
    let second = format!("{}\n", eve::odd_traffic(eve::just_now(), 2_200_302, "10.20.4.37"));
    let begin = stream::once(async { Ok::<_, Infallible>(first) });
    let end = stream::once(async {
        told_to_go_on.await.unwrap();
        Ok(second)
    });
    let posting = sensor.request().body(reqwest::Body::wrap_stream(begin.chain(end))).send();
    let stopping = async {
        // Until the request has been accepted; the count is that of requests under way.
        let http = http_client();
        eventually("the request to be under way", async || {
            let metrics = http.get(town.site.admin_url("/metrics")).send().await.unwrap().text().await.unwrap();
            let under_way = metrics.lines().find(|line| line.starts_with("http_server_active_requests"))?.rsplit(' ').next()?;
            (under_way == "1").then_some(())
        })
        .await;
        town.process.terminate();
        eventually("nobody to be let in", async || std::net::TcpStream::connect(town.site.address()).err()).await;
        assert_eq!(town.process.ended(), None, "it waits for what is under way: {}", town.process.stderr());
        go_on.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(posting, stopping);
    assert_eq!(answer.unwrap().status(), 200);
    assert_eq!(town.process.end().await.code(), Some(0), "{}", town.process.stderr());
    assert!(town.process.stderr().contains("nothing left undone"), "{}", town.process.stderr());

    town.process = town.site.serve().await;
    let noor = Person::with_token(&town.site, noor.token);
    let wanted = ["suricata:1:2200301", "suricata:1:2200302"];
    eventually("both events", async || {
        let mut told: Vec<String> = noor.alerts_of(&school.id).await.unwrap().into_iter().map(|alert| alert.signature_id).collect();
        told.sort();
        (told == wanted).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_process_stops_while_browsers_keep_their_connections_open() {
    let mut town = Town::open().await;
    let noor = Person::sign_in(&town.site, "noor").await;
    // A stream that never ends by itself, as the queue's page holds one.
    let watching = noor.cases().watch_cases(noor.asks(proto::incident_intake::v1::WatchCasesRequest {})).await.unwrap();
    let mut changes = watching.into_inner();
    town.process.terminate();
    assert_eq!(town.process.end().await.code(), Some(0), "{}", town.process.stderr());
    let last = changes.message().await;
    assert!(!matches!(last, Ok(Some(_))), "{last:?}");
}
