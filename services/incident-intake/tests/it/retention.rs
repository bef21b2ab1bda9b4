//! A closed case goes when its period is over, and the audit trail still verifies.

use auth::Action;
use chrono::TimeDelta;
use proto::{
    history::v1::{HistoryKind, ListHistoryRequest},
    incident_intake::v1::{AddCaseNoteRequest, Case, CloseReason, GetCaseRequest},
    operations::v1::{CreateHoldRequest, RunRetentionRequest, retention_service_client::RetentionServiceClient},
};
use storage::audit::{self, Chain, ChainReport, Entry, History, examine};
use testkit::on_both_stores;
use tonic::Code;

use crate::world::{TAKEOVER, World, director, lead, noor, operator, sam, timestamp};

/// As long as a closed case is kept.
const FIVE_YEARS: TimeDelta = TimeDelta::days(1_826);

const OF_CASES: [&str; 5] = ["incident_case", "timeline_entry", "evidence", "evidence_key", "case_device"];

async fn run_after(world: &World, time: TimeDelta) {
    world.clock.advance(time);
    RetentionServiceClient::new(world.channel()).run_retention(world.by(&operator(), RunRetentionRequest::default())).await.unwrap();
}

async fn rows(world: &World) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in OF_CASES {
        counts.push(world.count_rows(table).await);
    }
    counts
}

/// A case that somebody wrote in, took and closed.
async fn closed_case(world: &World) -> (runtime::SchoolId, Case) {
    let (school, case) = world.with_a_case().await;
    let note = AddCaseNoteRequest {
        case_id: case.case_id.clone(),
        text: "Karim belt terug".into(),
        tlp: String::new(),
        request_id: String::new(),
    };
    world.cases().add_case_note(world.by(&sam(), note)).await.unwrap();
    let taken = world.take(&noor(), &world.only_case().await).await;
    (school, world.close(&taken, CloseReason::Resolved).await)
}

async fn chain_of(world: &World, school: runtime::SchoolId) -> ChainReport {
    let reports = examine(&world.database, &History::default(), Some(&world.texts())).await.unwrap();
    reports.into_iter().find(|report| report.chain == format!("school:{school}")).unwrap()
}

/// Texts that rightly went, and those that are missed.
async fn removed_and_missed(world: &World, school: runtime::SchoolId) -> (usize, usize) {
    let report = chain_of(world, school).await;
    (report.removed_texts, report.findings.len())
}

on_both_stores! {
    async fn a_case_goes_with_all_that_is_of_it_and_its_texts_are_not_missed(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = closed_case(&world).await;
        run_after(&world, FIVE_YEARS).await;
        assert!(rows(&world).await.iter().all(|count| *count > 0), "not before five years are over");
        let before = chain_of(&world, school).await;
        assert_eq!((before.is_intact(), before.removed_texts), (true, 0));

        run_after(&world, TimeDelta::days(1)).await;
        assert_eq!((rows(&world).await, world.count_rows("person").await), (vec![0; 5], 0));
        let gone = world.cases().get_case(world.by(&noor(), GetCaseRequest { case_id: case.case_id })).await.unwrap_err();
        assert_eq!(gone.code(), Code::NotFound);
        let after = chain_of(&world, school).await;
        assert_eq!((after.findings.clone(), after.rows, after.removed_texts), (Vec::new(), before.rows + 1, 2), "the note, and why it was closed");
        assert_eq!(world.count_rows("school").await, 1);
        let history = ListHistoryRequest { school_id: school.to_string(), kind: HistoryKind::Change.into(), ..Default::default() };
        let told = world.history().list_history(world.by(&director(school), history)).await.unwrap().into_inner().entries;
        let change = told[0].details.get("change").map(String::as_str);
        assert_eq!((told[0].action.as_str(), change), ("retention.run", Some("removed")), "the school reads it in its history");
    }

    async fn an_open_case_and_who_works_on_it_stay(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, _) = closed_case(&world).await;
        world.report(school, TAKEOVER).await;
        let open = world.list(&noor(), Default::default()).await.into_iter().find(|case| case.assignee.is_none()).unwrap();
        world.take(&sam(), &open).await;
        run_after(&world, FIVE_YEARS + TimeDelta::days(1)).await;
        assert_eq!(world.only_case().await.case_id, open.case_id);
        assert_eq!(world.count_rows("person").await, 1, "sam has a case");
    }

    async fn a_case_on_hold_or_of_somebody_on_hold_stays(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = closed_case(&world).await;
        run_after(&world, FIVE_YEARS).await;
        let wrote_a_note = sam().person_id().unwrap();
        for subject in [format!("case:{}", case.case_id), format!("school:{school}"), format!("person:{wrote_a_note}")] {
            let end_time = Some(timestamp(world.now() + TimeDelta::days(2)));
            let hold = CreateHoldRequest { subject: subject.clone(), reason: "klacht".to_owned(), end_time, request_id: String::new() };
            RetentionServiceClient::new(world.channel()).create_hold(world.by(&lead(), hold)).await.unwrap();
            run_after(&world, TimeDelta::days(1)).await;
            assert_eq!(world.count_rows("incident_case").await, 1, "{subject}");
        }
        run_after(&world, TimeDelta::days(2)).await;
        assert_eq!(world.count_rows("incident_case").await, 0);
    }

    async fn a_text_that_somebody_deletes_is_missed(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, _) = closed_case(&world).await;
        world.rewrite(&["DELETE FROM timeline_entry"]).await;
        assert_eq!(removed_and_missed(&world, school).await, (0, 2));
    }

    async fn a_row_that_anybody_can_add_hides_no_text_that_was_to_stay(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = closed_case(&world).await;
        let say = async |action: Action, change: &str| {
            let detail = serde_json::json!({ "change": change });
            let entry = Entry { action, resource: format!("case:{}", case.case_id), detail };
            let txn = world.database.begin().await.unwrap();
            audit::append(&txn, &testkit::context(operator(), world.clock.clone()), Chain::School(school), entry).await.unwrap();
            txn.commit().await.unwrap();
            removed_and_missed(&world, school).await
        };
        world.clock.advance(FIVE_YEARS);
        world.rewrite(&["DELETE FROM timeline_entry"]).await;
        assert_eq!(say(Action::RetentionRun, audit::REMOVED).await, (0, 2), "the case is still there");
        for table in OF_CASES.iter().rev() {
            world.rewrite(&[&format!("DELETE FROM {table}")]).await;
        }
        assert_eq!(removed_and_missed(&world, school).await, (2, 0));

        world.clock.advance(-TimeDelta::seconds(1));
        assert_eq!(removed_and_missed(&world, school).await, (0, 2), "it says that it went in the future");
        assert_eq!(say(Action::RetentionRun, audit::REMOVED).await, (0, 2), "before its period was over");
        world.clock.advance(TimeDelta::seconds(1));
        assert_eq!(say(Action::RetentionRun, audit::REMOVED).await, (2, 0));
        assert_eq!(say(Action::CaseNote, "noted").await, (0, 2), "it was there afterwards");
    }
}
