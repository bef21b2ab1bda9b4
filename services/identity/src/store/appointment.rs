//! Appointments, kept.

use std::collections::BTreeMap;

use auth::Function;
use chrono::{DateTime, Utc};
use runtime::PersonId;
use sea_orm::{
    ActiveValue::NotSet,
    Condition, ConnectionTrait, IntoActiveModel as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{ExprTrait, SimpleExpr},
};
use storage::{Page, Paging, RequestKey, StoreError, StoreResult, Txn, asc, audit::Things, chunks};

use super::person;
use crate::domain::{Appointment, AppointmentId, Person, Place};

/// Table `appointment`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "appointment")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub appointment_id: Uuid,
    pub person_id: Uuid,
    /// As in tokens: `director@<school id>`.
    pub function: String,
    /// Where it holds: `school:<id>`, `platform`.
    pub place: String,
    pub start_time: DateTimeUtc,
    pub end_time: Option<DateTimeUtc>,
    pub confirm_by: DateTimeUtc,
    /// The earlier of the two: lists tell open ones from ended ones by it.
    pub ends: DateTimeUtc,
    /// The last reminder that was sent since it was made or confirmed.
    pub reminded: Option<String>,
    /// When the next one is due: a run finds those of today by it.
    pub remind_at: Option<DateTimeUtc>,
    pub appointed_by: String,
    /// The person's name in small letters: lists are in its order. Empty when they were erased.
    pub sort_key: String,
    pub version: i32,
    /// Who asked for it under which id, so that asking again gives the same appointment.
    pub requested_by: String,
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(belongs_to = "super::person::Entity", from = "Column::PersonId", to = "super::person::Column::PersonId")]
    Person,
}

impl Related<person::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Person.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Functions {
    Internal: AppointmentId, Place, Version, RequestId;
    Personal: PersonId, Function, StartTime, EndTime, ConfirmBy, Ends, Reminded, RemindAt, AppointedBy, SortKey, RequestedBy;
}}

/// Which appointments of a place a list is of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter {
    /// Only those that are held now or will be (`true`), or no longer (`false`).
    pub open: Option<bool>,
    /// Only those that end for want of a confirmation before this moment.
    pub confirm_before: Option<DateTime<Utc>>,
}

/// An appointment. The caller asks whether it may be seen.
pub async fn find(connection: &impl ConnectionTrait, id: AppointmentId) -> StoreResult<Option<Appointment>> {
    let found = Entity::find_by_id(id.as_uuid()).find_also_related(person::Entity).one(connection).await?;
    found.map(read).transpose()
}

/// One that was seen, with its person and all who hold the function locked until the transaction ends: of the last two who administer a
/// place, only one can be ended at once.
pub async fn find_to_change(txn: &Txn, seen: &Appointment) -> StoreResult<Option<Appointment>> {
    let holders = Entity::find().filter(Column::Function.eq(seen.function.to_string())).order_by_asc(Column::AppointmentId);
    holders.lock_exclusive().all(&**txn).await?;
    person::find_to_change(txn, seen.person.id).await?;
    // Read again: it may have changed while this transaction waited.
    find(&**txn, seen.id).await
}

/// The appointment that this request made before.
pub async fn find_by_request(connection: &impl ConnectionTrait, key: &RequestKey) -> StoreResult<Option<Appointment>> {
    let Some(query) = key.made(Entity::find(), Column::RequestedBy, Column::RequestId) else { return Ok(None) };
    query.find_also_related(person::Entity).one(connection).await?.map(read).transpose()
}

/// Appointments at a place, by name.
pub async fn list(
    connection: &impl ConnectionTrait,
    place: Place,
    filter: Filter,
    now: DateTime<Utc>,
    paging: &Paging,
) -> StoreResult<Page<Appointment>> {
    let order = [asc(Column::SortKey), asc(Column::AppointmentId)];
    let mut page: Page<Model> = paging.read(connection, at_place(place, filter, now), order).await?;
    let rows = std::mem::take(&mut page.rows);
    let people = rows.load_one(person::Entity, connection).await?;
    let appointments = rows.into_iter().zip(people).map(read).collect::<StoreResult<_>>()?;
    Ok(page.with_rows(appointments))
}

fn at_place(place: Place, filter: Filter, now: DateTime<Utc>) -> Select<Entity> {
    let mut query = Entity::find().filter(Column::Place.eq(place.to_string()));
    if let Some(open) = filter.open {
        query = query.filter(if open { Column::Ends.gt(now) } else { Column::Ends.lte(now) });
    }
    if let Some(before) = filter.confirm_before {
        query = query.filter(Column::ConfirmBy.lt(before)).filter(ExprTrait::eq(Expr::col(Column::Ends), Expr::col(Column::ConfirmBy)));
    }
    query
}

/// Who holds functions at a place or did, by id of the appointment.
pub async fn names(connection: &impl ConnectionTrait, place: Place, things: &Things<'_>) -> StoreResult<Vec<(Uuid, String)>> {
    let query = Entity::find().filter(Column::Place.eq(place.to_string()));
    let query = query.filter(things.are(Column::AppointmentId, Column::SortKey)).inner_join(person::Entity).limit(Things::MOST);
    let query = query.filter(person::Column::Name.is_not_null()).select_only().column(Column::AppointmentId);
    Ok(query.column(person::Column::Name).into_tuple().all(connection).await?)
}

/// What a person holds or will hold.
pub async fn of_person(connection: &impl ConnectionTrait, person: PersonId, now: DateTime<Utc>) -> StoreResult<Vec<Appointment>> {
    let query = Entity::find().filter(Column::PersonId.eq(person.as_uuid())).filter(Column::Ends.gt(now));
    let rows = query.order_by_asc(Column::AppointmentId).find_also_related(person::Entity).all(connection).await?;
    rows.into_iter().map(read).collect()
}

/// Locks all who hold functions of a person until the transaction ends, in one order.
pub async fn lock_holders(txn: &Txn, functions: &[Function]) -> StoreResult<()> {
    let holders = Entity::find().filter(Column::Function.is_in(functions.iter().map(ToString::to_string)));
    holders.order_by_asc(Column::AppointmentId).lock_exclusive().all(&**txn).await?;
    Ok(())
}

/// Takes a person's name out of the order of lists.
pub async fn erase_name(txn: &Txn, person: PersonId) -> StoreResult<()> {
    let theirs = Entity::update_many().filter(Column::PersonId.eq(person.as_uuid()));
    theirs.col_expr(Column::SortKey, Expr::value("")).exec(&**txn).await?;
    Ok(())
}

/// How many others hold the same function at a moment and after it.
pub async fn count_others(connection: &impl ConnectionTrait, but: &Appointment, at: DateTime<Utc>) -> StoreResult<u64> {
    let query = Entity::find().filter(Column::Function.eq(but.function.to_string())).filter(Column::PersonId.ne(but.person.id.as_uuid()));
    Ok(query.filter(Column::StartTime.lte(at)).filter(Column::Ends.gt(at)).count(connection).await?)
}

/// Who holds one of these functions now.
pub async fn holders(connection: &impl ConnectionTrait, functions: &[Function], now: DateTime<Utc>) -> StoreResult<Vec<Person>> {
    let query = Entity::find().filter(Column::Function.is_in(functions.iter().map(ToString::to_string)));
    let rows = query.filter(held_at(now)).find_also_related(person::Entity).all(connection).await?;
    rows.into_iter().map(|row| Ok(read(row)?.person)).collect()
}

/// Its person holds it at this moment.
pub(super) fn held_at(now: DateTime<Utc>) -> SimpleExpr {
    Column::StartTime.lte(now).and(Column::Ends.gt(now))
}

/// These, by id: one that cannot be read with the reason, so that the others can be used.
pub(super) async fn find_each(
    connection: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> StoreResult<BTreeMap<Uuid, StoreResult<Appointment>>> {
    let mut found = BTreeMap::new();
    for ids in chunks(ids) {
        let rows = Entity::find().filter(Column::AppointmentId.is_in(ids)).find_also_related(person::Entity).all(connection).await?;
        found.extend(rows.into_iter().map(|(row, person)| (row.appointment_id, read((row, person)))));
    }
    Ok(found)
}

/// Places where a reminder is due, in their order, as rows name them: at most so many, those after this one.
pub async fn places_to_remind(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: &str,
    at_most: u64,
) -> StoreResult<Vec<String>> {
    let query = Entity::find().select_only().column(Column::Place).distinct().filter(reminder_is_due(now));
    let query = query.filter(Column::Place.gt(after)).order_by_asc(Column::Place).limit(at_most);
    Ok(query.into_tuple().all(connection).await?)
}

/// Those at a place of which a reminder is due, at most so many, locked until the transaction ends: of two runs at once, the second finds
/// none that the first has.
pub async fn to_remind(txn: &Txn, place: &str, now: DateTime<Utc>, at_most: u64) -> StoreResult<Vec<Appointment>> {
    let query = Entity::find().filter(Column::Place.eq(place)).filter(reminder_is_due(now));
    let rows = query.order_by_asc(Column::AppointmentId).limit(at_most).lock_exclusive().all(&**txn).await?;
    let people = rows.load_one(person::Entity, &**txn).await?;
    rows.into_iter().zip(people).map(read).collect()
}

fn reminder_is_due(now: DateTime<Utc>) -> Condition {
    Condition::all().add(Column::RemindAt.lte(now)).add(Column::Ends.gt(now))
}

pub async fn insert(txn: &Txn, appointment: &Appointment, key: &RequestKey) -> StoreResult<()> {
    Entity::insert(row_of(appointment, key)?.into_active_model()).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Keeps an appointment as it is now.
pub async fn update(txn: &Txn, appointment: &Appointment) -> StoreResult<()> {
    let row = row_of(appointment, &RequestKey::default())?.into_active_model().reset_all();
    let as_requested = ActiveModel { requested_by: NotSet, request_id: NotSet, ..row };
    as_requested.update(&**txn).await?;
    Ok(())
}

fn row_of(appointment: &Appointment, key: &RequestKey) -> StoreResult<Model> {
    let place = Place::of(appointment.function).ok_or_else(|| StoreError::unreadable("appointment.function", "holds nowhere"))?;
    Ok(Model {
        appointment_id: appointment.id.as_uuid(),
        person_id: appointment.person.id.as_uuid(),
        function: appointment.function.to_string(),
        place: place.to_string(),
        start_time: appointment.from,
        end_time: appointment.until,
        confirm_by: appointment.confirm_by,
        ends: appointment.ends(),
        reminded: appointment.reminded.map(|reminder| reminder.into_str().to_owned()),
        remind_at: appointment.remind_at(),
        appointed_by: appointment.appointed_by.clone(),
        sort_key: appointment.person.name().to_lowercase(),
        version: i32::try_from(appointment.version).map_err(|error| StoreError::unreadable("appointment.version", error))?,
        requested_by: key.requested_by.clone(),
        request_id: key.request_id.map(Into::into),
    })
}

fn read((row, person): (Model, Option<person::Model>)) -> StoreResult<Appointment> {
    let person = person.ok_or_else(|| StoreError::unreadable("appointment.person_id", "names no person"))?;
    let reminded = row.reminded.as_deref().map(str::parse).transpose();
    Ok(Appointment {
        id: row.appointment_id.into(),
        person: person::read(person)?,
        function: row.function.parse().map_err(|error| StoreError::unreadable("appointment.function", error))?,
        from: row.start_time,
        until: row.end_time,
        confirm_by: row.confirm_by,
        reminded: reminded.map_err(|error| StoreError::unreadable("appointment.reminded", error))?,
        appointed_by: row.appointed_by,
        version: u32::try_from(row.version).map_err(|error| StoreError::unreadable("appointment.version", error))?,
    })
}

#[cfg(test)]
mod tests {
    use auth::Resource;
    use runtime::SchoolId;
    use sea_orm::{
        QueryTrait as _,
        sea_query::{Asterisk, Query},
    };
    use testkit::{Store, TestDatabase};

    use super::*;

    /// Every page tells how many there are.
    #[tokio::test]
    async fn people_of_a_place_are_counted_without_looking_at_each() {
        let store = TestDatabase::new(Store::Sqlite).await.unwrap();
        let database = store.migrated(crate::migrations()).await;
        let (place, now) = (Place(Resource::School(SchoolId::from(Uuid::nil()))), DateTime::UNIX_EPOCH);
        for filter in [
            Filter { open: Some(true), confirm_before: None },
            Filter { open: Some(false), confirm_before: None },
            Filter { open: Some(true), confirm_before: Some(now) },
        ] {
            // As a page counts.
            let all = at_place(place, filter, now).into_query();
            let count = Query::select().expr(Expr::col(Asterisk).count()).from_subquery(all, "sub_query").to_owned();
            let mut statement = database.backend().build(&count);
            statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
            let plan: String = database.reader().query_one_raw(statement).await.unwrap().unwrap().try_get("", "detail").unwrap();
            assert!(plan.contains("USING COVERING INDEX appointment_by_place"), "{filter:?}: {plan}");
        }
    }
}
