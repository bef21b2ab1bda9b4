//! What the audit trail holds of cases: who read and exported them, and fingerprints of what people wrote.

use auth::{Function, Principal};
use chrono::TimeDelta;
use futures::future::join_all;
use proto::incident_intake::v1::{AddCaseNoteRequest, Case, CloseReason, GetCaseRequest, GetEvidenceRequest, ListCasesRequest};
use runtime::SchoolId;
use schildwacht_incident_intake::migrations;
use sea_orm::{ConnectionTrait as _, Statement};
use storage::{
    Database, DatabaseConfig,
    audit::{History, examine},
};
use testkit::{eventually, on_both_stores, person, security_lines};
use tonic::Code;

use crate::world::{MALWARE, World, director, noor, sam};

/// Who did what to which thing, in a chain.
async fn rows(world: &World, chain: &str) -> Vec<[String; 3]> {
    let question = format!("SELECT actor, action, resource FROM audit_log WHERE chain = '{chain}' ORDER BY seq");
    let found = world.database.reader().query_all_raw(Statement::from_string(world.database.backend(), question)).await.unwrap();
    found.iter().map(|row| ["actor", "action", "resource"].map(|column| row.try_get("", column).unwrap())).collect()
}

async fn reads(world: &World, school: SchoolId) -> Vec<[String; 3]> {
    rows(world, &format!("school:{school}/reads")).await
}

async fn get(world: &World, who: &Principal, case: &Case) -> Result<Case, tonic::Status> {
    let request = GetCaseRequest { case_id: case.case_id.clone() };
    Ok(world.cases().get_case(world.by(who, request)).await?.into_inner())
}

fn row(who: &Principal, action: &str, resource: &str) -> [String; 3] {
    [who.actor(), action.to_owned(), resource.to_owned()]
}

/// What the check of texts finds, after a statement.
async fn said_after(world: &World, statement: &str) -> Vec<String> {
    world.rewrite(&[statement]).await;
    let reports = examine(&world.database, &History::default(), Some(&world.texts())).await.unwrap();
    reports.iter().flat_map(|report| &report.findings).map(ToString::to_string).collect()
}

on_both_stores! {
    async fn who_read_a_case_is_on_record_once_an_hour_however_they_looked_at_it(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let resource = format!("case:{}", case.case_id);
        assert_eq!(reads(&world, school).await, [[""; 3]; 0], "a list of cases is no read of one");

        // As a page asks: all at once.
        let reader = noor();
        let (read, timeline, evidence) = tokio::join!(get(&world, &reader, &case), world.timeline(&reader, &case), world.evidence(&case));
        assert_eq!((read.unwrap().case_id.as_str(), timeline.len(), evidence.len()), (case.case_id.as_str(), 1, 1));
        let of_noor = reads(&world, school).await.into_iter().filter(|found| *found == row(&noor(), "case.read", &resource)).count();
        assert_eq!(of_noor, 1);
        get(&world, &noor(), &case).await.unwrap();
        get(&world, &director(school), &case).await.unwrap();
        world.clock.advance(TimeDelta::hours(1));
        get(&world, &noor(), &case).await.unwrap();
        let found = reads(&world, school).await;
        for (who, times) in [(noor(), 2), (director(school), 1)] {
            assert_eq!(found.iter().filter(|found| **found == row(&who, "case.read", &resource)).count(), times, "{found:?}");
        }
        let evidence = GetEvidenceRequest { case_id: case.case_id.clone(), alert_id: evidence[0].alert_id.clone() };
        world.cases().get_evidence(world.by(&sam(), evidence)).await.unwrap();
        assert_eq!(reads(&world, school).await.last(), Some(&row(&sam(), "case.read", &resource)));
    }

    async fn who_may_not_read_a_case_leaves_no_read(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let other = director(world.school("Het Andere", "Gent").await);
        let before = reads(&world, school).await;
        assert_eq!(get(&world, &other, &case).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(reads(&world, school).await, before);
        eventually("a security event", async || {
            get(&world, &other, &case).await.unwrap_err();
            security_lines("resource_not_found").into_iter().find(|line| line.actor == other.actor() && line.action.ends_with("/GetCase"))
        })
        .await;
    }

    async fn reads_that_are_put_on_record_do_not_wait_for_each_others_connection(database: TestDatabase) {
        database.migrated(migrations()).await.close().await.unwrap();
        let few = DatabaseConfig { max_connections: 2, ..database.served() };
        let world = World::start_on(&database, Database::connect(&few).await.unwrap()).await;
        let (school, case) = world.with_a_case().await;
        let people: Vec<Principal> = (100..112).map(|number| person(number, &[Function::Responder])).collect();
        let export = ListCasesRequest { for_export: true, ..Default::default() };
        let timelines = join_all(people.iter().map(|who| world.timeline(who, &case)));
        let exports = join_all(people.iter().map(|who| world.list(who, export.clone())));
        let (timelines, exports) = tokio::join!(timelines, exports);
        assert!(timelines.iter().all(|entries| entries.len() == 1) && exports.iter().all(|cases| cases.len() == 1));
        assert_eq!(reads(&world, school).await.len(), people.len());
    }

    async fn who_made_a_file_of_cases_is_on_record(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, _) = world.with_a_case().await;
        world.report(school, crate::world::TAKEOVER).await;
        let export = |school_id: String, page_token: String| ListCasesRequest { school_id, page_token, page_size: 1, for_export: true, ..Default::default() };
        let mut cases = world.cases();
        let first = cases.list_cases(world.by(&noor(), export(String::new(), String::new()))).await.unwrap().into_inner();
        assert_eq!(first.total_size, 2);
        cases.list_cases(world.by(&noor(), export(String::new(), first.next_page_token))).await.unwrap();
        assert_eq!(rows(&world, "platform").await, [row(&noor(), "case.export", "platform")], "once, with the first page");
        let of_school = director(school);
        cases.list_cases(world.by(&of_school, export(school.to_string(), String::new()))).await.unwrap();
        assert_eq!(reads(&world, school).await.last(), Some(&row(&of_school, "case.export", &format!("school:{school}"))));
        let before = reads(&world, school).await;
        cases.list_cases(world.by(&of_school, export(school.to_string(), String::new()))).await.unwrap();
        assert_eq!(reads(&world, school).await, before, "the same file again within the hour");
        eventually("a security event", async || {
            cases.list_cases(world.by(&of_school, export(school.to_string(), String::new()))).await.unwrap();
            security_lines("exported").into_iter().find(|line| line.actor == of_school.actor() && line.resource == format!("school:{school}"))
        })
        .await;
    }

    async fn a_file_of_all_that_somebody_sees_is_on_record_at_each_of_their_schools(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, _) = world.with_a_case().await;
        let other = world.school("Het Andere", "Gent").await;
        let export = ListCasesRequest { for_export: true, ..Default::default() };
        let exported_at = |school: SchoolId, who: &Principal| row(who, "case.export", &format!("school:{school}"));

        let of_one = director(school);
        world.cases().list_cases(world.by(&of_one, export.clone())).await.unwrap();
        assert_eq!((reads(&world, school).await, reads(&world, other).await.len()), (vec![exported_at(school, &of_one)], 0));

        let of_both = person(77, &[Function::Director(school), Function::Director(other)]);
        world.cases().list_cases(world.by(&of_both, export.clone())).await.unwrap();
        assert_eq!(reads(&world, school).await.last(), Some(&exported_at(school, &of_both)));
        assert_eq!(reads(&world, other).await, [exported_at(other, &of_both)]);
        assert_eq!(rows(&world, "platform").await.len(), 0);
        eventually("one security event for one file", async || {
            world.cases().list_cases(world.by(&of_both, export.clone())).await.unwrap();
            security_lines("exported").into_iter().find(|line| line.actor == of_both.actor() && line.resource == "schools:2")
        })
        .await;
    }

    async fn reading_a_case_is_a_security_event(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        eventually("a security event", async || {
            world.clock.advance(TimeDelta::hours(1));
            get(&world, &sam(), &case).await.unwrap();
            security_lines("case_read").into_iter().find(|line| line.actor == sam().actor() && line.resource == format!("case:{}", case.case_id))
        })
        .await;
    }

    async fn a_text_that_is_not_as_it_was_written_is_named(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, case) = world.with_a_case().await;
        let note = AddCaseNoteRequest { case_id: case.case_id.clone(), text: "Karim belt terug".into(), tlp: "TLP:AMBER".into(), request_id: String::new() };
        world.cases().add_case_note(world.by(&noor(), note)).await.unwrap();
        let case = world.take(&noor(), &get(&world, &noor(), &case).await.unwrap()).await;
        world.close(&case, CloseReason::Resolved).await;
        assert_eq!(said_after(&world, "SELECT 1").await, [""; 0]);

        let not_written = |row, place| format!("row {row}: the text in {place} is not the one that was written");
        let in_timeline = "timeline_entry.change";
        for (before, after) in [
            ("UPDATE timeline_entry SET tlp = NULL WHERE audit_seq = 2", "UPDATE timeline_entry SET tlp = 'TLP:AMBER' WHERE audit_seq = 2"),
            ("UPDATE timeline_entry SET change = ' ' || change WHERE audit_seq = 2", "UPDATE timeline_entry SET change = trim(change)"),
        ] {
            assert_eq!(said_after(&world, before).await, [not_written(2, in_timeline)], "{before}");
            assert_eq!(said_after(&world, after).await, [""; 0]);
        }
        let said = said_after(&world, "UPDATE timeline_entry SET change = replace(change, 'terug', 'nooit') WHERE audit_seq = 2").await;
        assert_eq!(said, [not_written(2, in_timeline)]);
        let said = said_after(&world, "UPDATE incident_case SET close_text = 'Niets gevonden'").await;
        assert_eq!(said, [not_written(2, in_timeline), not_written(4, "incident_case.close_text")]);
        let said = said_after(&world, "UPDATE timeline_entry SET change = '{}' WHERE audit_seq = 2").await;
        assert_eq!(said, [not_written(2, in_timeline), not_written(4, "incident_case.close_text")], "nor is one that cannot be read");
        let said = said_after(&world, "DELETE FROM timeline_entry WHERE audit_seq = 2").await;
        assert_eq!(said, [not_written(4, "incident_case.close_text"), "row 2: the text that was written is gone".to_owned()]);
    }

    async fn a_change_of_a_case_waits_for_no_reader(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        get(&world, &noor(), &case).await.unwrap();
        world.report(school, MALWARE).await;
        let timeline = world.timeline(&noor(), &case).await;
        let numbers: Vec<i64> = timeline.iter().map(|entry| entry.audit_seq).collect();
        assert_eq!(numbers, (1..=i64::try_from(timeline.len()).unwrap()).rev().collect::<Vec<_>>(), "reads have a chain of their own");
    }
}
