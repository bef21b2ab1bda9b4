//! What older releases wrote gets what newer ones keep.

use chrono::TimeDelta;
use proto::incident_intake::v1::{CasePhase, ChangeCasePhaseRequest, CloseReason, ListCasesRequest};
use schildwacht_incident_intake::migrations;
use sea_orm::ConnectionTrait as _;
use testkit::on_both_stores;

use crate::world::{MALWARE, World, noor, responder};

/// Makes the tables what they were before these migrations.
const BEFORE: [&str; 6] = [
    "DELETE FROM schema_migration WHERE name LIKE 'm20261127%'",
    "ALTER TABLE incident_case DROP COLUMN phases_seen",
    "ALTER TABLE incident_case DROP COLUMN react_soon_at",
    "ALTER TABLE incident_case DROP COLUMN resolve_soon_at",
    "ALTER TABLE incident_case DROP COLUMN queue_soon_at",
    "DROP TABLE evidence_key",
];

on_both_stores! {
    async fn cases_of_an_older_release_get_phases_near_targets_and_addresses(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let phase = ChangeCasePhaseRequest { case_id: case.case_id.clone(), phase: CasePhase::Recovery.into(), etag: case.etag.clone() };
        let moved = world.cases().change_case_phase(world.by(&noor(), phase)).await.unwrap().into_inner();
        world.close(&moved, CloseReason::Resolved).await;
        world.clock.advance(TimeDelta::minutes(10));
        world.report(school, MALWARE).await;
        let all = ListCasesRequest { phases: (1..=7).collect(), ..Default::default() };
        let before = world.list(&responder(), all.clone()).await;

        let txn = world.database.begin().await.unwrap();
        for step in BEFORE {
            txn.execute_unprepared(step).await.unwrap();
        }
        txn.commit().await.unwrap();
        world.database.migrate(migrations(), &world.clock.clone().into()).await.unwrap();

        let after = world.list(&responder(), all.clone()).await;
        let phases = after.iter().map(|case| case.phases_seen().collect::<Vec<_>>()).collect::<Vec<_>>();
        assert_eq!(phases, [vec![CasePhase::Open], vec![CasePhase::Open, CasePhase::Recovery]]);
        assert_eq!(after, before, "nothing is lost");
        let by_address = ListCasesRequest { query: "203.0.113.77".to_owned(), ..all };
        assert_eq!(world.list(&responder(), by_address).await, before);
    }
}
