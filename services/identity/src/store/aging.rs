//! How the rows of identity grow old.

use auth::Resource;
use runtime::PersonId;
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _, Func},
};
use storage::{
    StoreResult, Txn,
    classified::ClassifiedTable,
    retention::{Aging, BoxedRemoval, Held, hold},
};

use super::{
    appointment, board, check, check_override, contact, domain_proof, enrolment, erasure, gateway, invitation, passed_on, person, school,
    site, vendor,
};

/// What is said of its tables.
pub fn tables() -> Vec<ClassifiedTable> {
    vec![
        ClassifiedTable::of(board::Entity),
        ClassifiedTable::of(school::Entity),
        ClassifiedTable::of(site::Entity),
        ClassifiedTable::of(vendor::Entity),
        ClassifiedTable::of(check::Entity),
        ClassifiedTable::of(check_override::Entity),
        ClassifiedTable::of(enrolment::Entity),
        ClassifiedTable::of(domain_proof::Entity),
        ClassifiedTable::of(contact::Entity),
        ClassifiedTable::of(gateway::Entity),
        ClassifiedTable::of(person::Entity),
        ClassifiedTable::of(appointment::Entity),
        ClassifiedTable::of(passed_on::Entity),
        ClassifiedTable::of(invitation::Entity),
        ClassifiedTable::of(erasure::Entity),
    ]
}

/// Those that go by their age. Appointments are removed by `remove_appointments`, since people go with their last.
pub fn aging(remove_appointments: BoxedRemoval) -> Vec<Aging> {
    let link_ended = Func::coalesce([Expr::col(invitation::Column::ExpireTime), Expr::col(invitation::Column::CreateTime)]);
    let erasure_ended = Func::coalesce([Expr::col(erasure::Column::DecideTime), Expr::col(erasure::Column::ExpireTime)]);
    vec![
        Aging::of(appointment::Entity, Expr::col(appointment::Column::Ends), |held| {
            at_school(appointment::Column::Place, held).add(held.person_in(appointment::Column::PersonId))
        })
        .with(&["passed_on", "person"])
        .removed_by(remove_appointments),
        Aging::of(invitation::Entity, link_ended, |held| at_school(invitation::Column::Place, held)),
        Aging::of(erasure::Entity, erasure_ended, hold::never),
    ]
}

/// What holds at a school on hold.
fn at_school(place: impl ColumnTrait, held: &Held) -> Condition {
    Condition::any().add(place.is_in(held.schools().map(|school| Resource::from(school).to_string())))
}

/// Removes appointments, and answers whose they were.
pub async fn remove_appointments(txn: &Txn, ids: Vec<Uuid>) -> StoreResult<Vec<PersonId>> {
    let is_one = appointment::Column::AppointmentId.is_in(ids);
    let people = appointment::Entity::find().select_only().column(appointment::Column::PersonId).distinct().filter(is_one.clone());
    let people: Vec<Uuid> = people.into_tuple().all(&**txn).await?;
    appointment::Entity::delete_many().filter(is_one).exec(&**txn).await?;
    Ok(people.into_iter().map(Into::into).collect())
}

/// Removes those of these people who hold and held nothing, and answers who that was.
pub async fn remove_people(txn: &Txn, people: &[PersonId]) -> StoreResult<Vec<PersonId>> {
    let is_theirs = Expr::col((appointment::Entity, appointment::Column::PersonId)).equals((person::Entity, person::Column::PersonId));
    let held = appointment::Entity::find().select_only().expr(Expr::val(1)).filter(is_theirs).into_query();
    let leaving = person::Entity::find()
        .select_only()
        .column(person::Column::PersonId)
        .filter(person::Column::PersonId.is_in(people.iter().map(|person| person.as_uuid())))
        .filter(Expr::exists(held).not());
    let leaving: Vec<Uuid> = leaving.lock_exclusive().into_tuple().all(&**txn).await?;
    person::Entity::delete_many().filter(person::Column::PersonId.is_in(leaving.iter().copied())).exec(&**txn).await?;
    Ok(leaving.into_iter().map(Into::into).collect())
}
