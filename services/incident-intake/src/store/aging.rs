//! How the rows of incident-intake grow old.

use std::collections::BTreeSet;

use runtime::{CaseId, SchoolId};
use sea_orm::{
    ColumnTrait as _, Condition, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, QueryTrait as _,
    entity::prelude::*,
    sea_query::{Expr, ExprTrait as _},
};
use storage::{
    StoreResult, Txn, chunks,
    classified::ClassifiedTable,
    retention::{Aging, BoxedRemoval, Held},
};

use super::{case, case_device, case_number, evidence, evidence_key, person, school, sighting, timeline, waiting};
use crate::domain::reference::Reference;

/// What is said of its tables.
pub fn tables() -> Vec<ClassifiedTable> {
    vec![
        ClassifiedTable::of(school::Entity),
        ClassifiedTable::of(person::Entity),
        ClassifiedTable::of(case_number::Entity),
        ClassifiedTable::of(case::Entity),
        ClassifiedTable::of(timeline::Entity),
        ClassifiedTable::of(evidence::Entity),
        ClassifiedTable::of(evidence_key::Entity),
        ClassifiedTable::of(case_device::Entity),
        ClassifiedTable::of(sighting::Entity),
        ClassifiedTable::of(waiting::Entity),
    ]
}

/// Closed cases go by their age, with all that is of them; and people with the last case that names them.
pub fn aging(remove_cases: BoxedRemoval) -> Vec<Aging> {
    vec![
        Aging::of(case::Entity, Expr::col(case::Column::PhaseAt), on_hold)
            .only(Condition::all().add(case::Column::Phase.eq(case::CLOSED)))
            .with(&["timeline_entry", "evidence", "evidence_key", "case_device", "person"])
            .removed_by(remove_cases),
    ]
}

fn on_hold(held: &Held) -> Condition {
    let acted = timeline::Entity::find().select_only().column(timeline::Column::CaseId).filter(held.person_in(timeline::Column::ActorId));
    held.school_in(case::Column::SchoolId)
        .add(held.case_in(case::Column::CaseId))
        .add(held.person_in(case::Column::AssigneeId))
        .add(case::Column::CaseId.in_subquery(acted.into_query()))
}

/// A case that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovedCase {
    pub id: CaseId,
    pub school: SchoolId,
    pub reference: Reference,
}

/// Removes cases with all that is of them, and people with the last case that names them. Answers which cases these were, school by school.
pub async fn remove_cases(txn: &Txn, ids: Vec<Uuid>) -> StoreResult<Vec<RemovedCase>> {
    use case::Column;
    let people = named_in(txn, &ids).await?;
    let is_one = Column::CaseId.is_in(ids.iter().copied());
    let rows: Vec<(Uuid, Uuid, i32, i32)> = case::Entity::find()
        .select_only()
        .columns([Column::CaseId, Column::SchoolId, Column::ReferenceYear, Column::ReferenceNumber])
        .filter(is_one.clone())
        .order_by_asc(Column::SchoolId)
        .order_by_asc(Column::CaseId)
        .into_tuple()
        .all(&**txn)
        .await?;
    // One by one: no foreign key removes what is of a case, so that no slip does either.
    timeline::Entity::delete_many().filter(timeline::Column::CaseId.is_in(ids.iter().copied())).exec(&**txn).await?;
    evidence::Entity::delete_many().filter(evidence::Column::CaseId.is_in(ids.iter().copied())).exec(&**txn).await?;
    evidence_key::Entity::delete_many().filter(evidence_key::Column::CaseId.is_in(ids.iter().copied())).exec(&**txn).await?;
    case_device::Entity::delete_many().filter(case_device::Column::CaseId.is_in(ids)).exec(&**txn).await?;
    case::Entity::delete_many().filter(is_one).exec(&**txn).await?;
    remove_people(txn, people).await?;
    let removed = |(case, school, year, number): (Uuid, Uuid, i32, i32)| RemovedCase {
        id: case.into(),
        school: school.into(),
        reference: Reference { year, number },
    };
    Ok(rows.into_iter().map(removed).collect())
}

/// Who acted on these cases, or has one of them.
async fn named_in(txn: &Txn, cases: &[Uuid]) -> StoreResult<BTreeSet<Uuid>> {
    let acted = timeline::Entity::find().select_only().column(timeline::Column::ActorId).distinct();
    let acted = acted.filter(timeline::Column::CaseId.is_in(cases.iter().copied())).filter(timeline::Column::ActorId.is_not_null());
    let assigned = case::Entity::find().select_only().column(case::Column::AssigneeId).distinct();
    let assigned = assigned.filter(case::Column::CaseId.is_in(cases.iter().copied())).filter(case::Column::AssigneeId.is_not_null());
    let mut people: BTreeSet<Uuid> = acted.into_tuple::<Uuid>().all(&**txn).await?.into_iter().collect();
    people.extend(assigned.into_tuple::<Uuid>().all(&**txn).await?);
    Ok(people)
}

/// Removes those of these people whom no case names any more.
async fn remove_people(txn: &Txn, people: BTreeSet<Uuid>) -> StoreResult<()> {
    let is_person = |column: Expr| column.eq(Expr::col((person::Entity, person::Column::PersonId)));
    for some in chunks(people) {
        let acted = timeline::Entity::find().select_only().expr(Expr::val(1)).filter(is_person(Expr::col(timeline::Column::ActorId)));
        let assigned = case::Entity::find().select_only().expr(Expr::val(1)).filter(is_person(Expr::col(case::Column::AssigneeId)));
        person::Entity::delete_many()
            .filter(person::Column::PersonId.is_in(some))
            .filter(Expr::exists(acted.into_query()).not())
            .filter(Expr::exists(assigned.into_query()).not())
            .exec(&**txn)
            .await?;
    }
    Ok(())
}
