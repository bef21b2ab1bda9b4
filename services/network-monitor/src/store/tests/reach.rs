//! Two layers keep a caller to their schools: the scope in every look-up, and PostgreSQL's row-level security below it. With either one off,
//! the other holds.

use chrono::DateTime;
use runtime::{DeviceId, GatewayId};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait as _};
use storage::{Database, PageRequest, Paging, Reach};
use testkit::{Store, TestDatabase};
use uuid::Uuid;

use super::*;
use crate::{
    domain::alert::AlertFilter,
    store::device_list::{Listing, Sorting, Which},
};

/// A school with one of each thing that it has; the device takes part in the alert.
struct AtSchool {
    school: SchoolId,
    gateway: GatewayId,
    device: Device,
    alert: Alert,
    suppression: Suppression,
}

impl AtSchool {
    fn ids(&self) -> BTreeSet<Uuid> {
        [self.gateway.as_uuid(), self.device.id.as_uuid(), self.alert.id.as_uuid(), self.suppression.id.as_uuid()].into()
    }
}

fn two_schools() -> [AtSchool; 2] {
    let things = samples(&(id(), id(), (id(), any_key(), moment(), any_news()), any_alert(), any_suppression()));
    let mut schools = things.into_iter().map(|(school, gateway, (id, key, seen, news), alert, suppression)| AtSchool {
        school,
        gateway,
        device: told(Device::new(id, key, seen), news),
        alert: Alert { school, source_device: Some(id), destination_device: None, ..alert },
        suppression: Suppression { school: Some(school), expires: DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1), ..suppression },
    });
    [schools.next().unwrap(), schools.next().unwrap()]
}

/// Of every school.
fn of_all() -> Suppression {
    let [at, _] = two_schools();
    Suppression { id: at.device.id.as_uuid().into(), school: None, ..at.suppression }
}

/// The database as it is served, and as its owner; the own school and another.
async fn layers() -> Option<(TestDatabase, [Database; 2], [AtSchool; 2])> {
    let place = TestDatabase::new(Store::Postgres).await?;
    let [served, owned] = [place.migrated(crate::migrations()).await, place.owned(crate::migrations()).await];
    let schools = two_schools();
    let txn = served.begin().await.unwrap();
    for at in &schools {
        contact::hear(&txn, at.school, DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH).await.unwrap();
        contact::hear_gateways(&txn, at.school, &[(at.gateway, DateTime::UNIX_EPOCH)].into()).await.unwrap();
        device::save(&txn, at.school, &[DeviceChange::Appeared(at.device.clone())]).await.unwrap();
        alert::save(&txn, &[change(at)]).await.unwrap();
        suppression::insert(&txn, &at.suppression, &RequestKey::default()).await.unwrap();
    }
    suppression::insert(&txn, &of_all(), &RequestKey::default()).await.unwrap();
    txn.commit().await.unwrap();
    Some((place, [served, owned], schools))
}

fn change(at: &AtSchool) -> AlertChange {
    AlertChange { alert: at.alert.clone(), devices: [at.device.id].into(), is_new: true, announcement: None, origin: 0 }
}

fn first_page() -> Paging {
    Paging::begin(&(), &PageRequest::default()).unwrap()
}

/// What is found of these schools in a scope: in lists, and one by one.
async fn found(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, schools: &[AtSchool]) -> [BTreeSet<Uuid>; 2] {
    let (mut listed, mut read) = (BTreeSet::new(), BTreeSet::new());
    let any = AlertFilter { school: None, min_severity: None, signature_id: None, device: None };
    let page = alert::list(connection, scope, &any, true, &first_page()).await.unwrap();
    listed.extend(page.rows.iter().map(|alert| alert.id.as_uuid()));
    let page = suppression::list(connection, scope, None, DateTime::UNIX_EPOCH, &first_page()).await.unwrap();
    listed.extend(page.rows.iter().map(|suppression| suppression.id.as_uuid()));
    let gateways: Vec<GatewayId> = schools.iter().map(|at| at.gateway).collect();
    let heard = contact::of_gateways(connection, scope, &gateways).await.unwrap();
    for gateway in heard {
        listed.insert(gateway.gateway.as_uuid());
        read.insert(gateway.gateway.as_uuid());
    }
    for at in schools {
        let all = Listing { school: at.school, text: String::new(), which: Which::All };
        let page = device_list::list(connection, scope, &all, Sorting::Name, &first_page()).await.unwrap();
        listed.extend(page.rows.iter().map(|device| device.id.as_uuid()));
        let device = device::find(connection, scope, at.school, at.device.id).await.unwrap();
        read.extend(device.map(|device| device.id.as_uuid()));
        read.extend(alert::find(connection, scope, at.school, at.alert.id).await.unwrap().map(|alert| alert.id.as_uuid()));
        let suppression = suppression::find(connection, scope, at.suppression.id).await.unwrap();
        read.extend(suppression.map(|suppression| suppression.id.as_uuid()));
    }
    read.extend(suppression::find(connection, scope, of_all().id).await.unwrap().map(|suppression| suppression.id.as_uuid()));
    [listed, read]
}

/// What a caller of one school may know: what is of it, and what is of all.
fn known(at: &AtSchool) -> [BTreeSet<Uuid>; 2] {
    let mut ids = at.ids();
    ids.insert(of_all().id.as_uuid());
    [ids.clone(), ids]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_row_level_security_the_scope_keeps_a_caller_to_their_school() {
    let Some((_place, [_, owned], schools)) = layers().await else { return };
    assert_eq!(found(owned.reader(), &Scope::one(schools[0].school), &schools).await, known(&schools[0]));
    let both = known(&schools[0]).map(|ids| &ids | &schools[1].ids());
    assert_eq!(found(owned.reader(), &Scope::Everything, &schools).await, both, "no policy holds for the owner");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_scope_row_level_security_keeps_a_caller_to_their_school() {
    let Some((_place, [served, _], schools)) = layers().await else { return };
    let [own, other] = &schools;
    let reader = served.reader_within(&Scope::one(own.school)).await.unwrap();
    assert_eq!(found(&reader, &Scope::Everything, &schools).await, known(own));
    for (at, is_own) in [(own, true), (other, false)] {
        assert_eq!(contact::last_heard(&reader, &Scope::Everything, at.school).await.unwrap().is_some(), is_own);
        let open = device_list::open_alerts_of(&reader, &Scope::Everything, &[at.device.id], DateTime::UNIX_EPOCH).await.unwrap();
        assert_eq!(open.contains_key(&at.device.id), is_own);
    }
    // These have no look-up of their own.
    let devices = |rows: Vec<device_day::Model>| -> BTreeSet<DeviceId> { rows.iter().map(|row| row.device_id.into()).collect() };
    assert_eq!(devices(device_day::Entity::find().all(&reader).await.unwrap()), [own.device.id].into());
    assert_eq!(alert_device::Entity::find().all(&reader).await.unwrap().len(), 1);
    let addresses = device_address::Entity::find().all(&reader).await.unwrap();
    assert!(!addresses.is_empty() && addresses.iter().all(|row| row.device_id == own.device.id.as_uuid()), "{addresses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_scope_row_level_security_lets_nothing_of_another_school_be_written() {
    let Some((_place, [served, owned], [own, other])) = layers().await else { return };
    let begin = || served.begin_within(Reach::one(own.school));
    assert!(alert::save(&begin().await.unwrap(), &[change(&own)]).await.is_ok());
    assert!(alert::save(&begin().await.unwrap(), &[change(&other)]).await.is_err());
    let appeared = Device { id: own.alert.id.as_uuid().into(), ..own.device.clone() };
    assert!(device::save(&begin().await.unwrap(), other.school, &[DeviceChange::Appeared(appeared)]).await.is_err());
    for school in [Some(other.school), None] {
        let intruder = Suppression { id: own.alert.id.as_uuid().into(), school, ..own.suppression.clone() };
        assert!(suppression::insert(&begin().await.unwrap(), &intruder, &RequestKey::default()).await.is_err(), "{school:?}");
    }

    let txn = begin().await.unwrap();
    assert!(!suppression::delete(&txn, other.suppression.id).await.unwrap());
    assert!(!suppression::delete(&txn, of_all().id).await.unwrap(), "which is read everywhere, and is the platform's to end");
    assert_eq!(device::Entity::delete_many().exec(&*txn).await.unwrap().rows_affected, 1);
    txn.commit().await.unwrap();
    assert_eq!(device::Entity::find().count(owned.reader()).await.unwrap(), 1, "that of the other school");
    assert_eq!(suppression::Entity::find().count(owned.reader()).await.unwrap(), 3);
}
