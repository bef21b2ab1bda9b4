//! Two layers keep a caller to their schools: the scope in every look-up, and PostgreSQL's row-level security below it. With either one off,
//! the other holds.

use std::collections::BTreeSet;

use runtime::SchoolId;
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait as _};
use storage::{Database, Reach};
use testkit::{Store, TestDatabase};
use uuid::Uuid;

use super::*;
use crate::domain::queue::{Assignment, CaseOrder, QueueFilter};

/// An open case of a school, with an alert as its evidence, and a note.
struct AtSchool {
    case: Case,
    alert: Alert,
    note: TimelineEntry,
}

fn two_schools() -> [AtSchool; 2] {
    let things = samples(&(any_case(), any_alert(), any_entry()));
    let mut schools = things.into_iter().map(|(case, alert, note)| AtSchool {
        alert: Alert { school_id: case.school.id, ..alert },
        case: Case { state: State::Active { phase: Phase::Open, since: case.opened_at }, ..case },
        note,
    });
    [schools.next().unwrap(), schools.next().unwrap()]
}

/// The database as it is served, and as its owner; the own school and another.
async fn layers() -> Option<(TestDatabase, [Database; 2], [AtSchool; 2])> {
    let place = TestDatabase::new(Store::Postgres).await?;
    let [served, owned] = [place.migrated(crate::migrations()).await, place.owned(crate::migrations()).await];
    let schools = two_schools();
    let txn = served.begin().await.unwrap();
    for at in &schools {
        school::save(&txn, &at.case.school).await.unwrap();
        case::insert(&txn, &at.case).await.unwrap();
        evidence::add(&txn, at.case.id, 0, &[&at.alert]).await.unwrap();
        timeline::add(&txn, at.case.id, &at.note, None).await.unwrap();
    }
    txn.commit().await.unwrap();
    Some((place, [served, owned], schools))
}

/// The cases that are found in a scope: in the queue, one by one, and by an alert in them.
async fn found(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, schools: &[AtSchool]) -> [BTreeSet<Uuid>; 3] {
    let any = QueueFilter {
        text: String::new(),
        min_severity: None,
        phases: Vec::new(),
        assignment: Assignment::Anybody,
        school: None,
        opened_after: None,
        cases: Vec::new(),
    };
    let order = queue::QueueOrder { by: CaseOrder::Reference, reverse: false, as_of: chrono::DateTime::UNIX_EPOCH };
    let queue = queue::list(connection, scope, &any, order, &first_page()).await.unwrap();
    let listed = queue.rows.iter().map(|case| case.id.as_uuid()).collect();
    let (mut read, mut explained) = (BTreeSet::new(), BTreeSet::new());
    for at in schools {
        read.extend(case::find(connection, scope, at.case.id).await.unwrap().map(|case| case.id.as_uuid()));
        let cases = case_of_alert::cases_of(connection, scope, at.case.school.id, std::slice::from_ref(&at.alert)).await.unwrap();
        explained.extend(cases.values().map(|case| case.id.as_uuid()));
    }
    [listed, read, explained]
}

fn thrice(cases: &[&AtSchool]) -> [BTreeSet<Uuid>; 3] {
    [(); 3].map(|()| cases.iter().map(|at| at.case.id.as_uuid()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_row_level_security_the_scope_keeps_a_caller_to_their_school() {
    let Some((_place, [_, owned], schools)) = layers().await else { return };
    let [own, other] = &schools;
    assert_eq!(found(owned.reader(), &Scope::one(own.case.school.id), &schools).await, thrice(&[own]));
    assert_eq!(found(owned.reader(), &Scope::Everything, &schools).await, thrice(&[own, other]), "no policy holds for the owner");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_scope_row_level_security_keeps_a_caller_to_their_school() {
    let Some((_place, [served, _], schools)) = layers().await else { return };
    let [own, other] = &schools;
    let reader = served.reader_within(&Scope::one(own.case.school.id)).await.unwrap();
    assert_eq!(found(&reader, &Scope::Everything, &schools).await, thrice(&[own]));
    for (at, expected) in [(own, 1), (other, 0)] {
        let case = at.case.id;
        let timeline = timeline::list(&reader, case, timeline::Reader::ResponseTeam, &first_page()).await.unwrap();
        let exhibits = evidence::list(&reader, case, &first_page()).await.unwrap();
        let exhibit = evidence::find(&reader, case, at.alert.id).await.unwrap();
        assert_eq!((timeline.rows.len(), exhibits.rows.len(), usize::from(exhibit.is_some())), (expected, expected, expected));
        assert_eq!(school::find(&reader, at.case.school.id).await.unwrap().is_some(), expected == 1);
    }
    // Looked up by a case that was found, or by none.
    let of_own = |case: Uuid| case == own.case.id.as_uuid();
    let keys = evidence_key::Entity::find().all(&reader).await.unwrap();
    assert!(!keys.is_empty() && keys.iter().all(|row| of_own(row.case_id)), "{keys:?}");
    let devices = case_device::Entity::find().all(&reader).await.unwrap();
    assert!(!devices.is_empty() && devices.iter().all(|row| of_own(row.case_id)), "{devices:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_scope_row_level_security_lets_nothing_of_another_school_be_written() {
    let Some((_place, [served, owned], [own, other])) = layers().await else { return };
    let begin = || served.begin_within(Reach::one(own.case.school.id));
    assert!(case::update(&begin().await.unwrap(), &own.case).await.is_ok());
    assert!(case::update(&begin().await.unwrap(), &other.case).await.is_err());
    assert!(case::find_to_change(&begin().await.unwrap(), &Scope::Everything, other.case.id).await.unwrap().is_none());
    let note = TimelineEntry { id: own.case.id.as_uuid().into(), ..own.note.clone() };
    assert!(timeline::add(&begin().await.unwrap(), own.case.id, &note, None).await.is_ok());
    assert!(timeline::add(&begin().await.unwrap(), other.case.id, &note, None).await.is_err());
    let alert = Alert { id: own.case.id.as_uuid().into(), ..own.alert.clone() };
    assert!(evidence::add(&begin().await.unwrap(), other.case.id, 1, &[&alert]).await.is_err());

    let txn = begin().await.unwrap();
    assert_eq!(evidence::Entity::delete_many().exec(&*txn).await.unwrap().rows_affected, 1);
    txn.commit().await.unwrap();
    assert_eq!(evidence::Entity::find().count(owned.reader()).await.unwrap(), 1, "that of the other school");
}

/// A caller never reads what waits for a threshold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_waits_for_a_threshold_is_the_services_alone() {
    let Some((_place, [served, _], [own, _])) = layers().await else { return };
    let txn = served.begin().await.unwrap();
    let row = waiting::ActiveModel {
        alert_id: sea_orm::ActiveValue::Set(own.alert.id.as_uuid()),
        alert: sea_orm::ActiveValue::Set("{}".to_owned()),
        heard_at: sea_orm::ActiveValue::Set(chrono::DateTime::UNIX_EPOCH),
    };
    waiting::Entity::insert(row).exec_without_returning(&*txn).await.unwrap();
    assert_eq!(waiting::Entity::find().count(&*txn).await.unwrap(), 1);
    txn.set_reach(Reach::one(own.case.school.id)).await.unwrap();
    assert_eq!(waiting::Entity::find().count(&*txn).await.unwrap(), 0);
}
