//! The history of a school: who reads what happened there, and that reading it is on record.

use auth::{Function, Principal};
use chrono::TimeDelta;
use proto::{
    history::v1::{HistoryEntry, HistoryKind, ListHistoryRequest, ListHistoryResponse},
    identity::v1::{AcceptInvitationRequest, CreateContactRequest, CreateInvitationRequest, School},
    time::timestamp,
};
use runtime::BoardId;
use testkit::{on_both_stores, person};
use tonic::{Code, Status};

use crate::world::{World, director, ict_coordinator, id_of, operator, responder};

fn of(school: &School) -> ListHistoryRequest {
    ListHistoryRequest { school_id: school.school_id.clone(), ..Default::default() }
}

async fn ask(world: &World, who: &Principal, request: ListHistoryRequest) -> Result<ListHistoryResponse, Status> {
    Ok(world.history().list_history(world.by(who, request)).await?.into_inner())
}

async fn entries(world: &World, who: &Principal, request: ListHistoryRequest) -> Vec<HistoryEntry> {
    ask(world, who, request).await.unwrap().entries
}

async fn add_contact(world: &World, who: &Principal, school: &School, name: &str) {
    world.clock.advance(TimeDelta::minutes(1));
    let (school_id, name) = (school.school_id.clone(), name.to_owned());
    let request = CreateContactRequest { school_id, name, phone: "09 374 12 34".to_owned(), ..Default::default() };
    world.contacts().create_contact(world.by(who, request)).await.unwrap();
}

/// A contact by the director, a gateway by an operator, a teacher who was invited, each a minute after the other.
async fn with_a_past(world: &World, school: &School) {
    add_contact(world, &director(school), school, "Onthaal").await;
    world.clock.advance(TimeDelta::minutes(1));
    world.enrol(&operator(), school).await;
    world.clock.advance(TimeDelta::minutes(1));
    let function = Function::Teacher(id_of(school)).to_string();
    let invitation = CreateInvitationRequest { email: "an@school.example".to_owned(), function, ..Default::default() };
    world.invitations().create_invitation(world.by(&director(school), invitation)).await.unwrap();
    world.clock.advance(TimeDelta::minutes(1));
    let accept = AcceptInvitationRequest { token: world.links().await.pop().unwrap() };
    world.invitations().accept_invitation(world.by(&person(50, &[]), accept)).await.unwrap();
    world.clock.advance(TimeDelta::minutes(1));
}

/// Who, what, and to which thing.
fn told(entries: &[HistoryEntry]) -> Vec<[String; 3]> {
    let change = |entry: &HistoryEntry| entry.details.get("change").map(|change| format!("/{change}")).unwrap_or_default();
    let line = |entry: &HistoryEntry| [entry.actor_name.clone(), entry.action.clone() + &change(entry), entry.resource_name.clone()];
    entries.iter().map(line).collect()
}

fn lines<const N: usize>(lines: [[&str; 3]; N]) -> Vec<[String; 3]> {
    lines.into_iter().map(|line| line.map(str::to_owned)).collect()
}

on_both_stores! {
    async fn a_director_reads_who_did_what_at_the_school_newest_first(database: TestDatabase) {
        let world = World::start(&database).await;
        let (other, school) = world.with_two_schools().await;
        with_a_past(&world, &school).await;
        add_contact(&world, &operator(), &other, "Elders").await;
        let found = entries(&world, &director(&school), of(&school)).await;
        assert_eq!(told(&found), lines([
            ["Person 2", "history.read", ""],
            ["Person 50", "invitation.accept/accepted", ""],
            ["Person 50", "function.grant/appointed", "Person 50"],
            ["Person 2", "function.grant/invited", ""],
            ["Person 1", "gateway.enrol", "kelder"],
            ["Person 2", "contact.edit/created", "Onthaal"],
            ["Person 1", "organisation.import/created", ""],
        ]));
        let functions: Vec<&str> = found.iter().map(|entry| entry.actor_function.split('@').next().unwrap()).collect();
        // The teacher had no function in the token that took it.
        assert_eq!(functions, ["director", "", "", "director", "operator", "director", "operator"]);
        assert_eq!(found[2].details["function"], Function::Teacher(id_of(&school)).to_string());
        assert_eq!(found[2].details["person"], found[2].actor.strip_prefix("person:").unwrap());
        assert_eq!(found.iter().map(HistoryEntry::kind).filter(|kind| *kind == HistoryKind::Change).count(), 6);
        assert!(found.is_sorted_by_key(|entry| std::cmp::Reverse(entry.time.unwrap().seconds)), "{found:?}");
    }

    async fn of_changes_a_reader_sees_those_to_what_they_may_see(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        with_a_past(&world, &school).await;
        // The response team does not see who holds functions at a school.
        let found = entries(&world, &responder(), of(&school)).await;
        let actions: Vec<&str> = found.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["history.read", "gateway.enrol", "contact.edit", "organisation.import"]);
    }

    async fn who_may_not_read_the_history_gets_none_and_another_school_is_not_found(database: TestDatabase) {
        let world = World::start(&database).await;
        let (other, school) = world.with_two_schools().await;
        let board: BoardId = school.board.clone().unwrap().board_id.parse().unwrap();
        world.people.hierarchy().place(id_of(&school), board);
        let code = async |who: Principal| ask(&world, &who, of(&school)).await.map_or_else(|refused| refused.code(), |_| Code::Ok);
        for function in [Function::BoardMember(board), Function::Dpo(board), Function::ResponseLead] {
            assert_eq!(code(person(61, &[function])).await, Code::Ok, "{function}");
        }
        for function in [Function::Operator, Function::Teacher(id_of(&school)), Function::Reviewer] {
            assert_eq!(code(person(62, &[function])).await, Code::PermissionDenied, "{function}");
        }
        assert_eq!(code(director(&other)).await, Code::NotFound);
    }

    async fn a_page_begins_after_any_entry_and_only_for_the_same_question(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        with_a_past(&world, &school).await;
        let who = director(&school);
        let all = ask(&world, &who, of(&school)).await.unwrap();
        assert_eq!((all.entries.len(), all.total_size, all.next_page_token.as_str()), (7, 7, ""));
        for (at, entry) in all.entries.iter().enumerate() {
            let rest = entries(&world, &who, ListHistoryRequest { page_token: entry.next_page_token.clone(), ..of(&school) }).await;
            assert_eq!(rest, all.entries[at + 1..]);
        }
        let first = ask(&world, &who, ListHistoryRequest { page_size: 2, ..of(&school) }).await.unwrap();
        assert_eq!((first.entries.as_slice(), first.next_page_token), (&all.entries[..2], all.entries[1].next_page_token.clone()));
        let another = ListHistoryRequest { query: "kelder".to_owned(), page_token: all.entries[0].next_page_token.clone(), ..of(&school) };
        assert_eq!(ask(&world, &who, another).await.unwrap_err().code(), Code::InvalidArgument);
    }

    async fn the_history_is_searched_by_people_and_things_and_cut_by_kind_and_time(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        with_a_past(&world, &school).await;
        let who = director(&school);
        let search = async |query: &str| told(&entries(&world, &who, ListHistoryRequest { query: query.to_owned(), ..of(&school) }).await);
        assert_eq!(search("ONTHAAL").await, lines([["Person 2", "contact.edit/created", "Onthaal"]]));
        assert_eq!(search("kelder").await, lines([["Person 1", "gateway.enrol", "kelder"]]));
        let about_50 = [["Person 50", "invitation.accept/accepted", ""], ["Person 50", "function.grant/appointed", "Person 50"]];
        assert_eq!(search("person 50").await, lines(about_50));
        assert_eq!(search("niemand").await.len(), 0);

        let reads = entries(&world, &who, ListHistoryRequest { kind: HistoryKind::Read.into(), ..of(&school) }).await;
        assert_eq!(told(&reads), lines([["Person 2", "history.read", ""]]));
        let of_gateway = entries(&world, &who, ListHistoryRequest { query: "kelder".to_owned(), ..of(&school) }).await[0].time;
        let until = entries(&world, &who, ListHistoryRequest { until_time: of_gateway, ..of(&school) }).await;
        assert_eq!(told(&until), lines([["Person 2", "contact.edit/created", "Onthaal"], ["Person 1", "organisation.import/created", ""]]));
        let changes = ListHistoryRequest { kind: HistoryKind::Change.into(), from_time: of_gateway, ..of(&school) };
        assert_eq!(entries(&world, &who, changes).await.len(), 4);
        let never = ListHistoryRequest { from_time: Some(timestamp(world.now() + TimeDelta::days(1))), ..of(&school) };
        assert_eq!(entries(&world, &who, never).await, []);
    }

    async fn reading_the_history_is_on_record_once_an_hour_and_so_is_exporting_it(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        let who = director(&school);
        let on_record = async |kind: HistoryKind| {
            told(&entries(&world, &who, ListHistoryRequest { kind: kind.into(), ..of(&school) }).await)
        };
        let read = ["Person 2", "history.read", ""];
        assert_eq!((on_record(HistoryKind::Read).await, on_record(HistoryKind::Read).await), (lines([read]), lines([read])));
        world.clock.advance(TimeDelta::hours(1));
        assert_eq!(on_record(HistoryKind::Read).await, lines([read, read]));

        let export = ListHistoryRequest { for_export: true, ..of(&school) };
        let refused = ask(&world, &ict_coordinator(&school), export.clone()).await.unwrap_err();
        assert_eq!((refused.code(), on_record(HistoryKind::Export).await), (Code::PermissionDenied, lines([])));
        let rows = ask(&world, &who, export).await.unwrap().total_size;
        let exports = entries(&world, &who, ListHistoryRequest { kind: HistoryKind::Export.into(), ..of(&school) }).await;
        assert_eq!((told(&exports), exports[0].details["rows"].clone()), (lines([["Person 2", "history.export", ""]]), rows.to_string()));
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_person_is_called_as_their_last_token_says(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, school) = world.with_two_schools().await;
        let els = director(&school);
        add_contact(&world, &els, &school, "Onthaal").await;
        add_contact(&world, &Principal { name: "Éls Vermeulen".to_owned(), ..els.clone() }, &school, "Bewaking").await;
        let of_els = ListHistoryRequest { query: "éls".to_owned(), ..of(&school) };
        let found = entries(&world, &responder(), of_els).await;
        let contacts = lines([["Éls Vermeulen", "contact.edit/created", "Bewaking"], ["Éls Vermeulen", "contact.edit/created", "Onthaal"]]);
        assert_eq!(told(&found), contacts);
    }
}
