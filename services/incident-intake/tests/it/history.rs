//! The history of a school: who read, exported and changed its cases, and what of it a school does not hear.

use auth::Principal;
use proto::{
    history::v1::{HistoryEntry, HistoryKind, ListHistoryRequest, ListUsesRequest, ListUsesResponse, list_uses_request},
    incident_intake::v1::{AddCaseNoteRequest, Case, CloseReason, GetCaseRequest, ListCasesRequest},
};
use runtime::SchoolId;
use testkit::on_both_stores;

use crate::world::{TAKEOVER, World, director, noor, sam};

async fn list(world: &World, who: &Principal, request: ListHistoryRequest) -> Vec<HistoryEntry> {
    world.history().list_history(world.by(who, request)).await.unwrap().into_inner().entries
}

fn of(school: SchoolId, kind: HistoryKind) -> ListHistoryRequest {
    ListHistoryRequest { school_id: school.to_string(), kind: kind.into(), ..Default::default() }
}

/// Who and what, newest first.
fn told(entries: &[HistoryEntry]) -> Vec<(&str, &str)> {
    entries.iter().map(|entry| (entry.actor_name.as_str(), entry.action.as_str())).collect()
}

async fn uses(world: &World, who: &Principal, school: SchoolId) -> ListUsesResponse {
    let organisation = Some(list_uses_request::Organisation::SchoolId(school.to_string()));
    world.history().list_uses(world.by(who, ListUsesRequest { organisation })).await.unwrap().into_inner()
}

async fn note(world: &World, case: &Case, tlp: &str) {
    let ask = AddCaseNoteRequest { case_id: case.case_id.clone(), text: tlp.to_owned(), tlp: tlp.to_owned(), request_id: String::new() };
    world.cases().add_case_note(world.by(&noor(), ask)).await.unwrap();
}

on_both_stores! {
    async fn a_school_reads_who_read_its_case_and_what_was_done_with_it(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let case = world.take(&noor(), &case).await;
        world.close(&case, CloseReason::Resolved).await;
        world.cases().get_case(world.by(&sam(), GetCaseRequest { case_id: case.case_id.clone() })).await.unwrap();

        let changes = list(&world, &director(school), of(school, HistoryKind::Change)).await;
        assert_eq!(told(&changes), [("Noor Claes", "case.close"), ("Noor Claes", "case.assign"), ("", "case.open")]);
        assert!(changes.iter().all(|entry| entry.resource == format!("case:{}", case.case_id) && entry.resource_name == case.reference));
        assert_eq!((changes[1].actor_function.as_str(), changes[2].actor.as_str()), ("responder", "service:incident-intake"));
        let noor_id = noor().person_id().unwrap().to_string();
        assert_eq!((changes[1].details.get("to"), changes[1].details.get("from")), (Some(&noor_id), None));
        let reads = list(&world, &director(school), of(school, HistoryKind::Read)).await;
        assert_eq!(told(&reads), [("Person 14", "history.read"), ("Sam Peeters", "case.read")]);
    }

    async fn a_school_does_not_hear_of_notes_for_the_team_alone(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        let tlps = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"];
        for tlp in tlps {
            note(&world, &case, tlp).await;
        }
        let notes = async |who: &Principal| {
            let changes = list(&world, who, of(school, HistoryKind::Change)).await;
            changes.iter().filter(|entry| entry.action == "case.note").count()
        };
        assert_eq!((notes(&director(school)).await, notes(&sam()).await), (3, 5));
    }

    async fn an_export_of_all_schools_is_in_the_history_of_each(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, _) = world.with_a_case().await;
        let other = world.school("Het Andere", "Gent").await;
        let export = ListCasesRequest { for_export: true, ..Default::default() };
        world.cases().list_cases(world.by(&noor(), export.clone())).await.unwrap();
        world.cases().list_cases(world.by(&director(school), export)).await.unwrap();

        let at_other = list(&world, &director(other), of(other, HistoryKind::Export)).await;
        assert_eq!((told(&at_other), at_other[0].resource.as_str()), (vec![("Noor Claes", "case.export")], "platform"));
        let here = list(&world, &director(school), of(school, HistoryKind::Export)).await;
        assert_eq!(told(&here), [("Person 14", "case.export"), ("Noor Claes", "case.export")]);
    }

    async fn a_school_is_told_when_the_team_last_did_what_it_may_hear_of(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        world.take(&noor(), &case).await;
        note(&world, &case, "TLP:RED").await;
        world.cases().get_case(world.by(&sam(), GetCaseRequest { case_id: case.case_id.clone() })).await.unwrap();
        world.cases().list_cases(world.by(&noor(), ListCasesRequest { for_export: true, ..Default::default() })).await.unwrap();

        let told = uses(&world, &director(school), school).await;
        let used: Vec<(&str, &str)> = told.uses.iter().map(|used| (used.function.as_str(), used.action.as_str())).collect();
        assert_eq!(used, [("responder", "case.assign"), ("responder", "case.export"), ("responder", "case.read")]);
        assert!(!told.recorded_actions.contains(&"case.note".to_owned()), "nor when a note for the team alone was written");
        assert!(told.recorded_actions.contains(&"case.close".to_owned()), "{told:?}");
    }

    async fn a_case_is_found_by_its_number(database: TestDatabase) {
        let world = World::start(&database).await;
        let (school, case) = world.with_a_case().await;
        world.report(school, TAKEOVER).await;
        let by_number = ListHistoryRequest { query: case.reference.to_lowercase(), ..of(school, HistoryKind::Unspecified) };
        let found = list(&world, &director(school), by_number).await;
        assert_eq!(found.iter().map(|entry| entry.resource_name.as_str()).collect::<Vec<_>>(), [case.reference.as_str()]);
    }
}
