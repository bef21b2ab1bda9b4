//! What older releases wrote gets what newer ones keep.

use chrono::TimeDelta;
use proto::{
    incident_intake::v1::{CasePhase, ChangeCasePhaseRequest, CloseReason, ListCasesRequest},
    network_monitor::v1::Endpoint,
};
use runtime::AlertId;
use schildwacht_incident_intake::migrations;
use sea_orm::{ConnectionTrait as _, Statement, sea_query::Query};
use testkit::on_both_stores;
use uuid::Uuid;

use crate::world::{MALWARE, World, noor, responder};

/// Makes the tables what they were before these migrations.
const BEFORE: [&str; 7] = [
    "DELETE FROM schema_migration WHERE name LIKE 'm20261127%' OR name LIKE 'm20261128%'",
    "DROP TABLE case_device",
    "ALTER TABLE incident_case DROP COLUMN phases_seen",
    "ALTER TABLE incident_case DROP COLUMN react_soon_at",
    "ALTER TABLE incident_case DROP COLUMN resolve_soon_at",
    "DROP INDEX incident_case_open_queue",
    "DROP TABLE evidence_key",
];

/// Whom the alerts after the first are meant for: an address, whose device shows, moves and gets its name; the internet; an address
/// that stays one.
const TAKING_PART: [(&str, &str, &str); 5] =
    [("10.20.5.1", "", ""), ("10.20.5.1", "d5", ""), ("10.20.5.2", "d5", "LKR-LT-11"), ("203.0.113.9", "", ""), ("10.20.5.3", "", "")];

/// What fills in, run once more.
const FILL_IN_AGAIN: &str = "DELETE FROM schema_migration WHERE name LIKE '%_fill_in_%'";

async fn migrate_after(world: &World, steps: &[&str]) {
    world.rewrite(steps).await;
    world.database.migrate(migrations(), &world.clock.clone().into()).await.unwrap();
}

on_both_stores! {
    async fn cases_of_an_older_release_get_phases_near_targets_and_addresses(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let phase = ChangeCasePhaseRequest { case_id: case.case_id.clone(), phase: CasePhase::Recovery.into(), etag: case.etag.clone() };
        let moved = world.cases().change_case_phase(world.by(&noor(), phase)).await.unwrap().into_inner();
        world.close(&moved, CloseReason::Resolved).await;
        world.clock.advance(TimeDelta::minutes(10));
        world.report(school, MALWARE).await;
        for (ip, device, name) in TAKING_PART {
            let mut news = world.alert(school, MALWARE);
            let destination = Endpoint { ip: ip.to_owned(), port: 445, device_id: device.to_owned(), device_name: name.to_owned() };
            news.alert.as_mut().unwrap().destination = Some(destination);
            world.send(&news).await;
        }
        world.settle().await;
        let all = ListCasesRequest { phases: (1..=7).collect(), ..Default::default() };
        let before = world.list(&responder(), all.clone()).await;
        let devices_before = world.devices(&responder(), all.clone()).await;
        assert_eq!(devices_before.len(), 2);
        let open = devices_before.values().find(|devices| devices.total_size > 1).unwrap();
        let names: Vec<&str> = open.devices.iter().map(|device| device.name.as_str()).collect();
        assert_eq!((names, open.total_size), (vec!["SEC-PC-02", "LKR-LT-11", ""], 3), "{open:?}");

        migrate_after(&world, &BEFORE).await;
        let after = world.list(&responder(), all.clone()).await;
        let phases = after.iter().map(|case| case.phases_seen().collect::<Vec<_>>()).collect::<Vec<_>>();
        assert_eq!(phases, [vec![CasePhase::Open], vec![CasePhase::Open, CasePhase::Recovery]]);
        assert_eq!(after, before, "nothing is lost");
        assert_eq!(world.devices(&responder(), all.clone()).await, devices_before);
        let by_address = ListCasesRequest { query: "203.0.113.77".to_owned(), ..all.clone() };
        assert_eq!(world.list(&responder(), by_address).await, before);

        migrate_after(&world, &[FILL_IN_AGAIN]).await;
        assert_eq!(world.list(&responder(), all.clone()).await, before, "filling in twice does no harm");
        assert_eq!(world.devices(&responder(), all).await, devices_before);
    }

    async fn evidence_of_many_pages_is_found_by_all_its_addresses(database: TestDatabase) {
        const ALERTS: i64 = 1_201;
        let world = World::start(&database).await;
        world.with_a_case().await;
        let question = Statement::from_string(world.database.backend(), "SELECT case_id, alert FROM evidence");
        let row = world.database.reader().query_one_raw(question).await.unwrap().unwrap();
        let (case_id, alert): (Uuid, String) = (row.try_get("", "case_id").unwrap(), row.try_get("", "alert").unwrap());
        let mut more = Query::insert();
        more.into_table("evidence").columns(["case_id", "alert_id", "position", "alert"]);
        for number in 2..=ALERTS {
            let alert = alert.replace("10.20.4.37", &format!("10.21.{}.{}", number / 250, number % 250));
            more.values_panic([case_id.into(), world.new_id::<AlertId>().as_uuid().into(), number.into(), alert.into()]);
        }
        let txn = world.database.begin().await.unwrap();
        txn.execute(&more).await.unwrap();
        txn.commit().await.unwrap();

        migrate_after(&world, &BEFORE).await;
        // The addresses of the many, of the first, where they speak to, and the name of the device.
        assert_eq!(world.count_rows("evidence_key").await, ALERTS - 1 + 3);
        assert_eq!(world.count_rows("case_device").await, 1, "one device, whatever its addresses");
        migrate_after(&world, &[FILL_IN_AGAIN]).await;
        assert_eq!(world.count_rows("evidence_key").await, ALERTS - 1 + 3, "filling in twice does no harm");
    }
}
