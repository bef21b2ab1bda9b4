//! What the audit trail holds of devices: who made a file of them. That it is a security event too is tested by the portal: the subscriber of
//! this program is that of `tracing_through`.

use chrono::TimeDelta;
use proto::network_monitor::v1::ListDevicesRequest;
use sea_orm::{ConnectionTrait as _, Statement};
use testkit::{director_of, on_both_stores};
use tonic::Code;

use crate::world::{World, flow};

/// Chain, actor and action of every audit row.
async fn rows(world: &World) -> Vec<[String; 3]> {
    let question = "SELECT chain, actor, action FROM audit_log ORDER BY chain, seq";
    let found = world.database.reader().query_all_raw(Statement::from_string(world.database.backend(), question)).await.unwrap();
    found.iter().map(|row| ["chain", "actor", "action"].map(|column| row.try_get("", column).unwrap())).collect()
}

on_both_stores! {
    async fn who_made_a_file_of_devices_is_on_record_at_the_school(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&(flow("2026-09-24T09:40:00+0000", "10.0.0.5") + &flow("2026-09-24T09:40:00+0000", "10.0.0.6"))).await;
        let page = ListDevicesRequest { school_id: world.school.to_string(), page_size: 1, ..Default::default() };
        let who = director_of(world.school);
        let list = async |request| world.devices().list_devices(world.people.request(&who, request)).await;
        list(page.clone()).await.unwrap();
        assert_eq!(rows(&world).await, [[""; 3]; 0], "a page is no file");

        let export = ListDevicesRequest { for_export: true, ..page };
        let first = list(export.clone()).await.unwrap().into_inner();
        assert_eq!(first.total_size, 2);
        list(ListDevicesRequest { page_token: first.next_page_token, ..export.clone() }).await.unwrap();
        let exported = |times| vec![[format!("school:{}/reads", world.school), who.actor(), "device.export".to_owned()]; times];
        assert_eq!(rows(&world).await, exported(1), "once, with the first page");
        list(export.clone()).await.unwrap();
        assert_eq!(rows(&world).await, exported(1), "the same file again within the hour");
        world.clock.advance(TimeDelta::hours(1));
        list(export).await.unwrap();
        assert_eq!(rows(&world).await, exported(2));
    }

    async fn who_may_not_see_the_devices_makes_no_file_of_them(database: TestDatabase) {
        let world = World::start(&database).await;
        let request = ListDevicesRequest { school_id: world.school.to_string(), for_export: true, ..Default::default() };
        let refused = world.devices().list_devices(world.people.request(&director_of(world.other_school), request)).await.unwrap_err();
        assert_eq!((refused.code(), rows(&world).await.len()), (Code::NotFound, 0));
    }
}
