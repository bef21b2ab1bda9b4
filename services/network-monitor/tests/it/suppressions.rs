//! Keeping signatures quiet.

use auth::Principal;
use chrono::{DateTime, TimeDelta, Utc};
use proto::network_monitor::v1::{
    CreateSuppressionRequest, DeleteSuppressionRequest, ListAlertsRequest, ListSuppressionsRequest, Suppression,
};
use runtime::SchoolId;
use storage::audit::{History, examine};
use testkit::{director_of, on_both_stores};
use tonic::{Code, Status};

use crate::world::{NOW, World, alert};

fn days_ahead(days: i64) -> Option<prost_types::Timestamp> {
    let moment: DateTime<Utc> = NOW.parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(days);
    Some(prost_types::Timestamp { seconds: moment.timestamp(), nanos: 0 })
}

async fn create(world: &World, who: &Principal, school: Option<SchoolId>, days: i64) -> Result<Suppression, Status> {
    let request = CreateSuppressionRequest {
        school_id: school.map(|id| id.to_string()).unwrap_or_default(),
        signature_id: "suricata:1:100".to_owned(),
        reason: " penetration test of the week ".to_owned(),
        expire_time: days_ahead(days),
        request_id: String::new(),
    };
    world.alerts().create_suppression(world.people.request(who, request)).await.map(tonic::Response::into_inner)
}

async fn list(world: &World, school: Option<SchoolId>) -> Vec<Suppression> {
    let request = ListSuppressionsRequest { school_id: school.map(|id| id.to_string()).unwrap_or_default(), ..Default::default() };
    world.alerts().list_suppressions(world.asks(request)).await.unwrap().into_inner().suppressions
}

on_both_stores! {
    async fn a_suppressed_alert_is_told_in_full_once_it_may_be(database: TestDatabase) {
        let world = World::start(&database).await;
        let quiet = create(&world, &world.responder(), Some(world.school), 1).await.unwrap();
        assert_eq!((quiet.reason.as_str(), quiet.creator.as_str()), ("penetration test of the week", "Person 1"));
        world.post(&alert("2026-09-24T09:40:00+0000", 100, 1, "10.0.0.5", "10.0.0.9")).await;
        assert_eq!(world.all_alerts().await.total_size, 0, "nobody is told");
        // The same signature at another school is not quiet.
        world.post_from(world.other_school, "application/x-ndjson", None, alert("2026-09-24T09:40:00+0000", 100, 1, "10.0.0.5", "10.0.0.9").into_bytes()).await;
        let everywhere = world.alerts().list_alerts(world.asks(ListAlertsRequest::default())).await.unwrap().into_inner();
        assert_eq!(everywhere.total_size, 1);

        let request = DeleteSuppressionRequest { suppression_id: quiet.suppression_id };
        world.alerts().delete_suppression(world.asks(request)).await.unwrap();
        world.post(&alert("2026-09-24T09:45:00+0000", 100, 1, "10.0.0.5", "10.0.0.9")).await;
        let events = world.alert_events(2).await;
        let told = events.iter().find(|(_, event)| event.alert.as_ref().unwrap().school_id == world.school.to_string()).unwrap();
        assert_eq!((told.1.first, told.1.new_events), (true, 2));
        assert_eq!(world.all_alerts().await.alerts[0].event_count, 2);
    }

    async fn what_an_alert_grew_by_while_it_was_quiet_is_told_too_once_it_may_be(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&alert("2026-09-24T09:40:00+0000", 100, 1, "10.0.0.5", "10.0.0.9")).await;
        let quiet = create(&world, &world.responder(), Some(world.school), 1).await.unwrap();
        world.post(&alert("2026-09-24T09:41:00+0000", 100, 1, "10.0.0.5", "10.0.0.9")).await;
        let request = DeleteSuppressionRequest { suppression_id: quiet.suppression_id };
        world.alerts().delete_suppression(world.asks(request)).await.unwrap();
        world.post(&alert("2026-09-24T09:45:00+0000", 100, 1, "10.0.0.5", "10.0.0.9")).await;
        let told: Vec<_> = world.alert_events(2).await.iter().map(|(_, event)| (event.first, event.new_events)).collect();
        assert_eq!(told, [(true, 1), (false, 2)]);
    }

    async fn a_suppression_ends_by_itself(database: TestDatabase) {
        let world = World::start(&database).await;
        create(&world, &world.responder(), Some(world.school), 1).await.unwrap();
        assert_eq!(list(&world, Some(world.school)).await.len(), 1);
        world.clock.advance(TimeDelta::days(1));
        assert_eq!(list(&world, Some(world.school)).await.len(), 0);
        world.post(&alert("2026-09-24T09:40:00+0000", 100, 1, "10.0.0.5", "10.0.0.9")).await;
        assert_eq!(world.all_alerts().await.total_size, 1);
    }

    async fn asking_again_under_the_same_request_id_makes_one_suppression(database: TestDatabase) {
        let world = World::start(&database).await;
        let request = CreateSuppressionRequest {
            school_id: world.school.to_string(),
            signature_id: "suricata:1:100".to_owned(),
            reason: "penetration test".to_owned(),
            expire_time: days_ahead(1),
            request_id: "0199c0de-0000-7000-8000-00000000abcd".to_owned(),
        };
        let first = world.alerts().create_suppression(world.asks(request.clone())).await.unwrap().into_inner();
        let again = world.alerts().create_suppression(world.asks(request.clone())).await.unwrap().into_inner();
        assert_eq!(first, again);
        // The id of one caller says nothing about another's.
        let others = world.alerts().create_suppression(world.people.request(&world.lead(), request)).await.unwrap().into_inner();
        assert_ne!(others.suppression_id, first.suppression_id);
        assert_eq!(list(&world, Some(world.school)).await.len(), 2);
    }

    async fn the_list_comes_in_pages(database: TestDatabase) {
        let world = World::start(&database).await;
        let mut made = Vec::new();
        for _ in 0..3 {
            made.push(create(&world, &world.responder(), Some(world.school), 1).await.unwrap().suppression_id);
        }
        let mut seen = Vec::new();
        let mut request = ListSuppressionsRequest { page_size: 2, ..Default::default() };
        loop {
            let page = world.alerts().list_suppressions(world.asks(request.clone())).await.unwrap().into_inner();
            seen.extend(page.suppressions.into_iter().map(|suppression| suppression.suppression_id));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        made.reverse();
        assert_eq!(seen, made, "newest first");
    }

    async fn only_a_lead_keeps_a_signature_quiet_everywhere(database: TestDatabase) {
        let world = World::start(&database).await;
        assert_eq!(create(&world, &world.responder(), None, 1).await.unwrap_err().code(), Code::PermissionDenied);
        let everywhere = create(&world, &world.lead(), None, 1).await.unwrap();
        assert_eq!(list(&world, Some(world.other_school)).await, std::slice::from_ref(&everywhere), "it is in force at every school");
        world.post(&alert("2026-09-24T09:40:00+0000", 100, 1, "10.0.0.5", "10.0.0.9")).await;
        assert_eq!(world.all_alerts().await.total_size, 0);

        let request = || DeleteSuppressionRequest { suppression_id: everywhere.suppression_id.clone() };
        assert_eq!(world.alerts().delete_suppression(world.asks(request())).await.unwrap_err().code(), Code::PermissionDenied);
        world.alerts().delete_suppression(world.people.request(&world.lead(), request())).await.unwrap();
        assert_eq!(world.alerts().delete_suppression(world.people.request(&world.lead(), request())).await.unwrap_err().code(), Code::NotFound);
    }

    async fn a_school_can_neither_see_nor_make_suppressions(database: TestDatabase) {
        let world = World::start(&database).await;
        let director = director_of(world.school);
        assert_eq!(create(&world, &director, Some(world.school), 1).await.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(create(&world, &director, Some(world.other_school), 1).await.unwrap_err().code(), Code::NotFound);
        let quiet = create(&world, &world.responder(), Some(world.school), 1).await.unwrap();
        let request = DeleteSuppressionRequest { suppression_id: quiet.suppression_id };
        let refused = world.alerts().delete_suppression(world.people.request(&director, request)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert_eq!(list(&world, None).await.len(), 1);
    }

    async fn all_that_is_wrong_with_a_suppression_is_said_at_once(database: TestDatabase) {
        let world = World::start(&database).await;
        let refused = create(&world, &world.responder(), Some(world.school), 91).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let request = CreateSuppressionRequest { school_id: "here".to_owned(), signature_id: "all of them".to_owned(), ..Default::default() };
        let refused = world.alerts().create_suppression(world.asks(request)).await.unwrap_err();
        use tonic_types::StatusExt as _;
        let fields: Vec<String> = refused.get_error_details().bad_request().unwrap().field_violations.iter().map(|violation| violation.field.clone()).collect();
        assert_eq!(fields, ["school_id", "signature_id", "reason", "expire_time"]);
    }

    async fn making_and_removing_one_is_in_the_audit_trail(database: TestDatabase) {
        let world = World::start(&database).await;
        let quiet = create(&world, &world.responder(), Some(world.school), 1).await.unwrap();
        create(&world, &world.lead(), None, 1).await.unwrap();
        world.alerts().delete_suppression(world.asks(DeleteSuppressionRequest { suppression_id: quiet.suppression_id })).await.unwrap();
        let chains = examine(&world.database, &History::default(), None).await.unwrap();
        let chains: Vec<_> = chains.iter().map(|chain| (chain.chain.as_str(), chain.rows, chain.is_intact())).collect();
        assert_eq!(chains, [("platform", 1, true), (&format!("school:{}", world.school), 2, true)]);
    }
}
