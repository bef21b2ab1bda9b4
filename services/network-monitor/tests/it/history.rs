//! The history of a school: who made files of its devices, and which of its signatures are kept quiet.

use auth::{Function, Principal};
use chrono::TimeDelta;
use proto::{
    history::v1::{HistoryEntry, HistoryKind, ListHistoryRequest, ListUsesRequest, list_uses_request},
    network_monitor::v1::{CreateSuppressionRequest, ListDevicesRequest},
    time::timestamp,
};
use runtime::{BoardId, Clock, Ids};
use testkit::{director_of, on_both_stores, person};
use tonic::Code;

use crate::world::{World, flow};

async fn list(world: &World, who: &Principal, kind: HistoryKind) -> Result<Vec<HistoryEntry>, Code> {
    let request = ListHistoryRequest { school_id: world.school.to_string(), kind: kind.into(), ..Default::default() };
    let answer = world.history().list_history(world.people.request(who, request)).await;
    answer.map(|answer| answer.into_inner().entries).map_err(|refused| refused.code())
}

on_both_stores! {
    async fn who_made_a_file_of_devices_is_in_the_history_also_for_who_sees_no_devices(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&(flow("2026-09-24T09:40:00+0000", "10.0.0.5") + &flow("2026-09-24T09:40:00+0000", "10.0.0.6"))).await;
        let director = director_of(world.school);
        let export = ListDevicesRequest { school_id: world.school.to_string(), for_export: true, ..Default::default() };
        world.devices().list_devices(world.people.request(&director, export)).await.unwrap();

        let board: BoardId = Ids::counted().next();
        world.people.hierarchy().place(world.school, board);
        let found = list(&world, &person(17, &[Function::Dpo(board)]), HistoryKind::Export).await.unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        let HistoryEntry { actor, actor_name, action, resource, details, .. } = &found[0];
        assert_eq!((actor, actor_name, action.as_str()), (&director.actor(), &director.name, "device.export"));
        assert_eq!((resource, details["rows"].as_str()), (&format!("school:{}", world.school), "2"));
        assert_eq!(list(&world, &director_of(world.other_school), HistoryKind::Export).await, Err(Code::NotFound));
    }

    async fn when_devices_were_last_exported_is_told_to_who_may_see_who_sees_what(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&flow("2026-09-24T09:40:00+0000", "10.0.0.5")).await;
        let director = director_of(world.school);
        let export = ListDevicesRequest { school_id: world.school.to_string(), for_export: true, ..Default::default() };
        world.devices().list_devices(world.people.request(&director, export)).await.unwrap();

        let organisation = Some(list_uses_request::Organisation::SchoolId(world.school.to_string()));
        let ask = ListUsesRequest { organisation };
        let told = world.history().list_uses(world.people.request(&director, ask.clone())).await.unwrap().into_inner();
        let used: Vec<_> = told.uses.iter().map(|used| (used.function.clone(), used.action.as_str())).collect();
        assert_eq!(used, [(director.functions[0].to_string(), "device.export")]);
        // The director sees no suppressions, so neither when there was one; looking at devices leaves no trace.
        assert_eq!(told.recorded_actions, ["device.export", "history.export", "history.read"]);
        let refused = world.history().list_uses(world.people.request(&world.responder(), ask)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }

    async fn a_suppression_is_told_to_who_may_see_suppressions(database: TestDatabase) {
        let world = World::start(&database).await;
        let request = CreateSuppressionRequest {
            school_id: world.school.to_string(),
            signature_id: "suricata:1:100".to_owned(),
            reason: "penetration test".to_owned(),
            expire_time: Some(timestamp(Clock::from(world.clock.clone()).now() + TimeDelta::days(1))),
            request_id: String::new(),
        };
        world.alerts().create_suppression(world.asks(request)).await.unwrap();
        let changes = list(&world, &world.responder(), HistoryKind::Change).await.unwrap();
        assert_eq!(changes.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(), ["suppression.create"]);
        assert_eq!(list(&world, &director_of(world.school), HistoryKind::Change).await, Ok(Vec::new()));
    }
}
