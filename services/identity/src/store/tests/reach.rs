//! Two layers keep a caller to their schools: the scope in every look-up, and PostgreSQL's row-level security below it. With either one off,
//! the other holds.

use std::collections::BTreeSet;

use runtime::SchoolId;
use sea_orm::{ColumnTrait as _, ConnectionTrait, EntityTrait as _, QueryFilter as _};
use storage::{Database, PageRequest, Paging, Reach};
use testkit::{Store, TestDatabase};
use uuid::Uuid;

use super::*;

/// A school with one of each thing that it has.
struct AtSchool {
    school: School,
    contact: Contact,
    gateway: Gateway,
    appointment: Appointment,
    invitation: Invitation,
}

impl AtSchool {
    /// Of what is looked up in a scope.
    fn in_scope(&self) -> BTreeSet<Uuid> {
        [self.school.id.as_uuid(), self.contact.id.as_uuid(), self.gateway.id.as_uuid()].into()
    }
}

fn two_schools() -> [AtSchool; 2] {
    let things = samples(&(any_school(), any_contact(), any_gateway(), any_appointment(), any_invitation()));
    let mut schools = things.into_iter().map(|(school, contact, gateway, appointment, invitation)| {
        let (school_id, function) = (school.id, Function::Director(school.id));
        AtSchool {
            contact: Contact { school_id, ..contact },
            gateway: Gateway { school_id, site_id: None, ..gateway },
            appointment: Appointment { function, ..appointment },
            invitation: Invitation { function, ..invitation },
            school,
        }
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
        save(&txn, &at.school).await;
        contact::insert(&txn, &at.contact, &RequestKey::default()).await.unwrap();
        gateway::insert(&txn, &at.gateway, &RequestKey::default()).await.unwrap();
        person::save(&txn, &at.appointment.person).await.unwrap();
        appointment::insert(&txn, &at.appointment, &RequestKey::default()).await.unwrap();
        invitation::insert(&txn, &at.invitation, &RequestKey::default()).await.unwrap();
    }
    txn.commit().await.unwrap();
    Some((place, [served, owned], schools))
}

fn first_page() -> Paging {
    Paging::begin(&(), &PageRequest::default()).unwrap()
}

/// What is found of these schools in a scope: in lists, and one by one.
async fn found(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, schools: &[AtSchool]) -> [BTreeSet<Uuid>; 2] {
    let (mut listed, mut read) = (BTreeSet::new(), BTreeSet::new());
    let page = school::list(connection, scope, "", &[], &first_page()).await.unwrap();
    listed.extend(page.rows.iter().map(|school| school.id.as_uuid()));
    let page = gateway::list(connection, scope, None, true, &first_page()).await.unwrap();
    listed.extend(page.rows.iter().map(|gateway| gateway.id.as_uuid()));
    for at in schools {
        let page = contact::list(connection, scope, at.school.id, &first_page()).await.unwrap();
        listed.extend(page.rows.iter().map(|contact| contact.id.as_uuid()));
        read.extend(school::find(connection, scope, at.school.id).await.unwrap().map(|school| school.id.as_uuid()));
        read.extend(gateway::find(connection, scope, at.gateway.id).await.unwrap().map(|gateway| gateway.id.as_uuid()));
        read.extend(contact::find(connection, scope, at.contact.id).await.unwrap().map(|contact| contact.id.as_uuid()));
    }
    [listed, read]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_row_level_security_the_scope_keeps_a_caller_to_their_school() {
    let Some((_place, [_, owned], schools)) = layers().await else { return };
    let own = schools[0].in_scope();
    assert_eq!(found(owned.reader(), &Scope::one(schools[0].school.id), &schools).await, [own.clone(), own.clone()]);
    let both = &own | &schools[1].in_scope();
    assert_eq!(found(owned.reader(), &Scope::Everything, &schools).await, [both.clone(), both], "no policy holds for the owner");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_scope_row_level_security_keeps_a_caller_to_their_school() {
    let Some((_place, [served, _], schools)) = layers().await else { return };
    let [own, other] = &schools;
    let reader = served.reader_within(&Scope::one(own.school.id)).await.unwrap();
    let ids = own.in_scope();
    assert_eq!(found(&reader, &Scope::Everything, &schools).await, [ids.clone(), ids]);
    // These are looked up without a scope.
    assert_eq!(appointment::find(&reader, own.appointment.id).await.unwrap().as_ref(), Some(&own.appointment));
    assert_eq!(appointment::find(&reader, other.appointment.id).await.unwrap(), None);
    assert_eq!(invitation::find(&reader, own.invitation.id).await.unwrap().as_ref(), Some(&own.invitation));
    assert_eq!(invitation::find(&reader, other.invitation.id).await.unwrap(), None);
    for (at, expected) in [(own, 1), (other, 0)] {
        let place = Place(at.school.id.into());
        let appointments = appointment::list(&reader, place, appointment::Filter::default(), DateTime::UNIX_EPOCH, &first_page()).await;
        let invitations = invitation::list(&reader, place, None, DateTime::UNIX_EPOCH, &first_page()).await;
        assert_eq!((appointments.unwrap().rows.len(), invitations.unwrap().rows.len()), (expected, expected));
        let sites = site::Entity::find().filter(site::Column::SchoolId.eq(at.school.id.as_uuid())).all(&reader).await;
        assert_eq!(sites.unwrap().len(), 2 * expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_scope_row_level_security_lets_nothing_of_another_school_be_written() {
    let Some((_place, [served, owned], [own, other])) = layers().await else { return };
    let begin = || served.begin_within(Reach::one(own.school.id));
    assert!(gateway::update(&begin().await.unwrap(), &own.gateway).await.is_ok());
    assert!(gateway::update(&begin().await.unwrap(), &other.gateway).await.is_err());
    assert!(contact::update(&begin().await.unwrap(), &other.contact).await.is_err());
    assert!(appointment::update(&begin().await.unwrap(), &other.appointment).await.is_err());
    assert!(invitation::update(&begin().await.unwrap(), &other.invitation).await.is_err());
    assert!(school::save(&begin().await.unwrap(), std::slice::from_ref(&other.school)).await.is_err());
    let [fresh, _] = two_schools();
    let intruder = Contact { id: fresh.gateway.id.as_uuid().into(), school_id: other.school.id, ..fresh.contact };
    assert!(contact::insert(&begin().await.unwrap(), &intruder, &RequestKey::default()).await.is_err());

    let txn = begin().await.unwrap();
    assert_eq!(gateway::find_to_change(&txn, &Scope::Everything, other.gateway.id).await.unwrap(), None);
    assert_eq!(contact::find_to_change(&txn, &Scope::Everything, other.contact.id).await.unwrap(), None);
    assert_eq!(appointment::find_to_change(&txn, &other.appointment).await.unwrap(), None);
    assert_eq!(invitation::find_to_change(&txn, other.invitation.id).await.unwrap(), None);
    contact::delete(&txn, other.contact.id).await.unwrap();
    txn.commit().await.unwrap();
    let kept = contact::find(owned.reader(), &Scope::Everything, other.contact.id).await.unwrap();
    assert_eq!(kept.as_ref(), Some(&other.contact), "nothing went");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_reach_their_own_functions_wherever_these_hold() {
    let Some((_place, [served, _], [own, other])) = layers().await else { return };
    let reader = served.reader_within(Reach::one(own.appointment.person.id)).await.unwrap();
    assert_eq!(appointment::find(&reader, own.appointment.id).await.unwrap().as_ref(), Some(&own.appointment));
    assert_eq!(appointment::find(&reader, other.appointment.id).await.unwrap(), None);
    assert_eq!(invitation::find(&reader, own.invitation.id).await.unwrap(), None);
}
