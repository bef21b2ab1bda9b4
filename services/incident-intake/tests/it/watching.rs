//! Watching the queue.

use std::time::Duration;

use auth::AUDIENCE_PLATFORM;
use proto::incident_intake::v1::{CaseChange, WatchCasesRequest, case_service_client::CaseServiceClient};
use testkit::on_both_stores;
use tonic::{Request, Streaming};

use crate::world::{MALWARE, TAKEOVER, World, director, noor, responder};

async fn next(changes: &mut Streaming<CaseChange>) -> CaseChange {
    tokio::time::timeout(testkit::PATIENCE, changes.message()).await.unwrap().unwrap().unwrap()
}

/// The next that says what changed: right after the start, a watcher may be told that anything may have.
async fn next_named(changes: &mut Streaming<CaseChange>) -> CaseChange {
    loop {
        let change = next(changes).await;
        if !change.case_id.is_empty() {
            return change;
        }
    }
}

on_both_stores! {
    async fn who_watches_hears_of_every_change(database: TestDatabase) {
        let world = World::start(&database).await;
        let school = world.school("Basisschool De Zandloper", "Aalter").await;
        let mut changes = world.cases().watch_cases(world.by(&responder(), WatchCasesRequest {})).await.unwrap().into_inner();
        world.report(school, MALWARE).await;
        let opened = next_named(&mut changes).await;
        assert_eq!((opened.reference.as_str(), opened.opened), ("SW-2026-0001", true));
        world.take(&noor(), &world.only_case().await).await;
        let assigned = next_named(&mut changes).await;
        assert_eq!((assigned.case_id, assigned.opened), (opened.case_id, false));
    }

    async fn a_change_at_one_replica_is_heard_at_another(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let (server, _process) = world.replica().await;
        let mut there = CaseServiceClient::new(server.channel());
        let mut changes = there.watch_cases(world.by(&responder(), WatchCasesRequest {})).await.unwrap().into_inner();
        // The replica's feed says when it has begun to listen.
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.take(&noor(), &case).await;
        assert_eq!(next_named(&mut changes).await.case_id, case.case_id);
    }

    async fn a_school_hears_of_its_own_cases_only(database: TestDatabase) {
        let world = World::start(&database).await;
        let own = world.school("Basisschool De Zandloper", "Aalter").await;
        let other = world.school("Atheneum De Merel", "Kortrijk").await;
        let mut changes = world.cases().watch_cases(world.by(&director(own), WatchCasesRequest {})).await.unwrap().into_inner();
        world.report(other, TAKEOVER).await;
        world.report(own, MALWARE).await;
        assert_eq!(next_named(&mut changes).await.reference, "SW-2026-0002");
    }

    async fn watching_ends_with_the_token(database: TestDatabase) {
        let world = World::start(&database).await;
        // Clocks may differ by ten seconds, so this one ends in two seconds.
        let token = world.people.token_for(&responder(), AUDIENCE_PLATFORM, -8);
        let mut request = Request::new(WatchCasesRequest {});
        request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let mut changes = world.cases().watch_cases(request).await.unwrap().into_inner();
        let ended = async { while changes.message().await.unwrap().is_some() {} };
        tokio::time::timeout(testkit::PATIENCE, ended).await.unwrap();
    }

    async fn watching_ends_at_the_shutdown(database: TestDatabase) {
        let world = World::start(&database).await;
        let mut changes = world.cases().watch_cases(world.by(&responder(), WatchCasesRequest {})).await.unwrap().into_inner();
        world.shut_down();
        let ended = async { while changes.message().await.unwrap().is_some() {} };
        tokio::time::timeout(testkit::PATIENCE, ended).await.unwrap();
    }
}
