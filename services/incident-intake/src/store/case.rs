//! Cases, kept.

use auth::Scope;
use chrono::{DateTime, Utc};
use content::Text;
use runtime::{CaseId, PersonId, SchoolId};
use sea_orm::{
    ActiveValue::Set,
    Condition, ConnectionTrait, IntoActiveModel as _, QueryOrder as _, QuerySelect as _,
    entity::prelude::*,
    sea_query::{ExprTrait as _, OnConflict},
};
use storage::{StoreError, StoreResult, Txn, audit::Things, chunks, within};

use super::{case_number, from_column, from_json, school, to_column, to_json};
use crate::domain::{
    alert::Signature,
    case::{Case, Closure, State, Tally},
    class::Rsit,
    person::Person,
    phase::{Phase, Phases},
    reference::Reference,
    school::School,
    severity::Severity,
    target::Targets,
    words::ReasonWords,
};

/// Table `incident_case`. Which columns are set in which state is a constraint of the table.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident_case")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: Uuid,
    pub reference_year: i32,
    pub reference_number: i32,
    pub school_id: Uuid,
    /// Copied from `school`, since lists are in its order.
    pub school_name: String,
    pub municipality: String,
    pub contact_name: String,
    pub contact_phone: String,
    pub signature_id: String,
    pub signature: String,
    pub category: String,
    pub class_id: String,
    pub rsit_class: String,
    pub rsit_kind: String,
    pub rsit_name_nl: String,
    pub rsit_name_en: String,
    pub title_nl: String,
    pub title_en: String,
    /// JSON of the story.
    pub story: String,
    pub content_version: String,
    pub tlp: String,
    pub severity: i16,
    /// 1 to 6 in the order of the phases; 7 when closed.
    pub phase: i16,
    pub phase_at: DateTimeUtc,
    pub assignee_id: Option<Uuid>,
    /// Empty when nobody has it: lists are in its order.
    pub assignee_name: String,
    pub close_reason: Option<String>,
    pub close_text: Option<String>,
    pub closed_by_id: Option<Uuid>,
    pub closed_by_name: Option<String>,
    /// The phase it was closed in.
    pub closed_phase: Option<i16>,
    /// The phases it has been in: bit 0 is open, bit 5 post-incident.
    pub phases_seen: i16,
    pub react_by: DateTimeUtc,
    pub resolve_by: DateTimeUtc,
    /// From when on these are near.
    pub react_soon_at: DateTimeUtc,
    pub resolve_soon_at: DateTimeUtc,
    pub reacted_at: Option<DateTimeUtc>,
    /// Where it stands in the queue: its next target; after all others when it is closed.
    pub queue_at: DateTimeUtc,
    pub alert_count: i64,
    pub event_count: i64,
    pub told_event_count: i64,
    pub opened_at: DateTimeUtc,
    pub last_event_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub revision: i64,
    /// Number, titles and signature in small letters: searches look in it.
    pub search_text: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Incidents {
    Public: SchoolId, SchoolName, Municipality;
    Internal:
        CaseId, ReferenceYear, ReferenceNumber, SignatureId, Signature, Category, ClassId, RsitClass, RsitKind, RsitNameNl, RsitNameEn,
        TitleNl, TitleEn, Story, ContentVersion, Tlp, Severity, Phase, PhaseAt, CloseReason, ClosedPhase, PhasesSeen, ReactBy, ResolveBy,
        ReactSoonAt, ResolveSoonAt, ReactedAt, QueueAt, AlertCount, EventCount, ToldEventCount, OpenedAt, LastEventAt, UpdatedAt,
        Revision, SearchText;
    Personal: ContactName, ContactPhone, AssigneeId, AssigneeName, ClosedById, ClosedByName;
    Special: CloseText;
}}

/// `phase` of what is closed.
pub(super) const CLOSED: i16 = 7;

/// There is still work. In the words of the partial indexes, without a placeholder: a prepared statement must not wait for a value to
/// know that it may use them.
pub(super) fn is_open() -> Expr {
    Expr::col((Entity, Column::Phase)).lt(Expr::Constant(i32::from(CLOSED).into()))
}

/// A case within the caller's scope.
pub async fn find(connection: &impl ConnectionTrait, scope: &Scope<SchoolId>, id: CaseId) -> StoreResult<Option<Case>> {
    within(Entity::find_by_id(id.as_uuid()), Column::SchoolId, scope).one(connection).await?.map(read).transpose()
}

/// The same, with nobody else changing it until the transaction ends.
pub async fn find_to_change(txn: &Txn, scope: &Scope<SchoolId>, id: CaseId) -> StoreResult<Option<Case>> {
    let Some(seen) = find(&**txn, scope, id).await? else { return Ok(None) };
    school::lock(txn, seen.school.id).await?;
    // Read again: it may have changed while this transaction waited.
    find(&**txn, scope, id).await
}

/// Those of these that are there.
pub async fn those_there(connection: &impl ConnectionTrait, ids: &[CaseId]) -> StoreResult<Vec<CaseId>> {
    let mut found = Vec::new();
    for some in chunks(ids) {
        let query = Entity::find().select_only().column(Column::CaseId).filter(Column::CaseId.is_in(some.iter().map(|id| id.as_uuid())));
        found.extend(query.into_tuple::<Uuid>().all(connection).await?.into_iter().map(CaseId::from));
    }
    Ok(found)
}

/// The references of cases of a school, by id; the newest where there are more than a list is searched by.
pub async fn references(connection: &impl ConnectionTrait, school: SchoolId, things: &Things<'_>) -> StoreResult<Vec<(Uuid, Reference)>> {
    let query = Entity::find().filter(Column::SchoolId.eq(school.as_uuid())).filter(things.are(Column::CaseId, Column::SearchText));
    let query = query.order_by_desc(Column::OpenedAt).limit(Things::MOST).select_only();
    let rows = query.columns([Column::CaseId, Column::ReferenceYear, Column::ReferenceNumber]).into_tuple().all(connection).await?;
    Ok(rows.into_iter().map(|(id, year, number): (Uuid, i32, i32)| (id, Reference { year, number })).collect())
}

/// How many cases opened at a school since a moment. The school must be locked.
pub async fn opened_since(txn: &Txn, school: SchoolId, since: DateTime<Utc>) -> StoreResult<u64> {
    Ok(Entity::find().filter(Column::SchoolId.eq(school.as_uuid())).filter(Column::OpenedAt.gt(since)).count(&**txn).await?)
}

/// Takes the next number of a year. Others that open cases wait until the transaction ends, so no number is lost.
pub async fn next_reference(txn: &Txn, year: i32) -> StoreResult<Reference> {
    let first = case_number::ActiveModel { year: Set(year), last: Set(1) };
    let one_more = OnConflict::column(case_number::Column::Year)
        .value(case_number::Column::Last, Expr::col((case_number::Entity, case_number::Column::Last)).add(1))
        .to_owned();
    case_number::Entity::insert(first).on_conflict(one_more).exec_without_returning(&**txn).await?;
    let row = case_number::Entity::find_by_id(year).one(&**txn).await?;
    let row = row.ok_or_else(|| StoreError::unreadable("case_number.last", format!("no number for {year}")))?;
    Ok(Reference { year, number: row.last })
}

/// Keeps a new case.
pub async fn insert(txn: &Txn, case: &Case) -> StoreResult<()> {
    Entity::insert(row_of(case)?.into_active_model()).exec_without_returning(&**txn).await?;
    Ok(())
}

/// Keeps a case as it is now. The school must be locked: its name, which a case keeps a copy of, changes under the same lock.
pub async fn update(txn: &Txn, case: &Case) -> StoreResult<()> {
    row_of(case)?.into_active_model().reset_all().update(&**txn).await?;
    Ok(())
}

/// Cases keep a copy of what identity says of their school: writes what it says now. The school must be locked.
pub async fn describe_school(txn: &Txn, school: &School) -> StoreResult<()> {
    Entity::update_many()
        .col_expr(Column::SchoolName, Expr::value(school.name.as_str()))
        .col_expr(Column::Municipality, Expr::value(school.municipality.as_str()))
        .col_expr(Column::ContactName, Expr::value(school.contact_name.as_str()))
        .col_expr(Column::ContactPhone, Expr::value(school.contact_phone.as_str()))
        .filter(Column::SchoolId.eq(school.id.as_uuid()))
        .exec(&**txn)
        .await?;
    Ok(())
}

/// Locks the schools whose cases a person has or closed, in the order of their ids.
pub async fn lock_schools_of(txn: &Txn, person: PersonId) -> StoreResult<()> {
    let theirs = Condition::any().add(Column::AssigneeId.eq(person.as_uuid())).add(Column::ClosedById.eq(person.as_uuid()));
    let schools = Entity::find().select_only().column(Column::SchoolId).distinct().filter(theirs).order_by_asc(Column::SchoolId);
    for id in schools.into_tuple::<Uuid>().all(&**txn).await? {
        school::lock(txn, id.into()).await?;
    }
    Ok(())
}

/// Takes the name of a person out of the cases that they have or closed. Their schools must be locked.
pub async fn erase_name(txn: &Txn, person: PersonId) -> StoreResult<()> {
    let assigned = Entity::update_many().filter(Column::AssigneeId.eq(person.as_uuid()));
    assigned.col_expr(Column::AssigneeName, Expr::value("")).exec(&**txn).await?;
    let closed = Entity::update_many().filter(Column::ClosedById.eq(person.as_uuid()));
    closed.col_expr(Column::ClosedByName, Expr::value("")).exec(&**txn).await?;
    Ok(())
}

fn read_phase(what: &'static str, number: i16) -> StoreResult<Phase> {
    Phase::from_repr(number.into()).ok_or_else(|| StoreError::unreadable(what, format!("{number} is no phase")))
}

fn row_of(case: &Case) -> StoreResult<Model> {
    let (phase, phase_at, closure) = match &case.state {
        State::Active { phase, since } => (phase.number(), *since, None),
        State::Closed(closure) => (CLOSED, closure.at, Some(closure)),
    };
    Ok(Model {
        case_id: case.id.as_uuid(),
        reference_year: case.reference.year,
        reference_number: case.reference.number,
        school_id: case.school.id.as_uuid(),
        school_name: case.school.name.clone(),
        municipality: case.school.municipality.clone(),
        contact_name: case.school.contact_name.clone(),
        contact_phone: case.school.contact_phone.clone(),
        signature_id: case.signature.id.clone(),
        signature: case.signature.text.clone(),
        category: case.signature.category.clone(),
        class_id: case.class_id.clone(),
        rsit_class: case.rsit.class.clone(),
        rsit_kind: case.rsit.kind.clone(),
        rsit_name_nl: case.rsit_name.nl.clone(),
        rsit_name_en: case.rsit_name.en.clone(),
        title_nl: case.title.nl.clone(),
        title_en: case.title.en.clone(),
        story: to_json("incident_case.story", &case.story)?,
        content_version: case.content_version.clone(),
        tlp: case.tlp.to_string(),
        severity: case.severity.level(),
        phase,
        phase_at,
        assignee_id: case.assignee.as_ref().map(|person| person.id.as_uuid()),
        assignee_name: case.assignee.as_ref().map(|person| person.name.clone()).unwrap_or_default(),
        close_reason: closure.map(|closure| closure.reason.into_str().to_owned()),
        close_text: closure.map(|closure| closure.text.as_str().to_owned()),
        closed_by_id: closure.map(|closure| closure.by.id.as_uuid()),
        closed_by_name: closure.map(|closure| closure.by.name.clone()),
        closed_phase: closure.map(|closure| closure.phase.number()),
        phases_seen: case.phases_seen.bits().into(),
        react_by: case.targets.react_by,
        resolve_by: case.targets.resolve_by,
        react_soon_at: case.targets.react_soon,
        resolve_soon_at: case.targets.resolve_soon,
        reacted_at: case.reacted_at,
        queue_at: queue_at(case),
        alert_count: to_column(case.tally.alerts),
        event_count: to_column(case.tally.events),
        told_event_count: to_column(case.tally.told_events),
        opened_at: case.opened_at,
        last_event_at: case.last_event_at,
        updated_at: case.updated_at,
        revision: case.revision,
        search_text: search_text(case),
    })
}

/// Where a case stands in the queue: by its next target, or after all others.
fn queue_at(case: &Case) -> DateTime<Utc> {
    case.due_at().unwrap_or(AFTER_ALL_OTHERS)
}

/// 9999-12-31, within what both stores can keep.
const AFTER_ALL_OTHERS: DateTime<Utc> = match DateTime::from_timestamp(253_402_214_400, 0) {
    Some(moment) => moment,
    None => DateTime::UNIX_EPOCH,
};

fn search_text(case: &Case) -> String {
    let signature = &case.signature;
    format!("{} {} {} {} {}", case.reference, case.title.nl, case.title.en, signature.text, signature.id).to_lowercase()
}

pub(super) fn read(row: Model) -> StoreResult<Case> {
    let state = read_state(&row)?;
    let severity =
        Severity::from_repr(row.severity.into()).ok_or_else(|| StoreError::unreadable("incident_case.severity", row.severity))?;
    let phases_seen = u8::try_from(row.phases_seen).map_err(|error| StoreError::unreadable("incident_case.phases_seen", error))?;
    Ok(Case {
        id: row.case_id.into(),
        reference: Reference { year: row.reference_year, number: row.reference_number },
        school: School {
            id: row.school_id.into(),
            name: row.school_name,
            municipality: row.municipality,
            contact_name: row.contact_name,
            contact_phone: row.contact_phone,
        },
        signature: Signature { id: row.signature_id, text: row.signature, category: row.category },
        class_id: row.class_id,
        rsit: Rsit { class: row.rsit_class, kind: row.rsit_kind },
        rsit_name: Text { nl: row.rsit_name_nl, en: row.rsit_name_en },
        title: Text { nl: row.title_nl, en: row.title_en },
        story: from_json("incident_case.story", &row.story)?,
        content_version: row.content_version,
        tlp: row.tlp.parse().map_err(|error| StoreError::unreadable("incident_case.tlp", error))?,
        opened_at: row.opened_at,
        severity,
        state,
        phases_seen: Phases::from_bits(phases_seen),
        assignee: row.assignee_id.map(|id| Person { id: id.into(), name: row.assignee_name }),
        targets: Targets {
            react_by: row.react_by,
            react_soon: row.react_soon_at,
            resolve_by: row.resolve_by,
            resolve_soon: row.resolve_soon_at,
        },
        reacted_at: row.reacted_at,
        tally: Tally {
            alerts: from_column("incident_case.alert_count", row.alert_count)?,
            events: from_column("incident_case.event_count", row.event_count)?,
            told_events: from_column("incident_case.told_event_count", row.told_event_count)?,
        },
        last_event_at: row.last_event_at,
        updated_at: row.updated_at,
        revision: row.revision,
    })
}

fn read_state(row: &Model) -> StoreResult<State> {
    if row.phase != CLOSED {
        return Ok(State::Active { phase: read_phase("incident_case.phase", row.phase)?, since: row.phase_at });
    }
    let missing = || StoreError::unreadable("incident_case.close_reason", "a closed case without reason, text, person or phase");
    let (Some(reason), Some(text), Some(by), Some(name), Some(phase)) =
        (&row.close_reason, &row.close_text, row.closed_by_id, &row.closed_by_name, row.closed_phase)
    else {
        return Err(missing());
    };
    Ok(State::Closed(Closure {
        reason: reason.parse().map_err(|error| StoreError::unreadable("incident_case.close_reason", error))?,
        text: ReasonWords::parse(text).map_err(|error| StoreError::unreadable("incident_case.close_text", error))?,
        by: Person { id: by.into(), name: name.clone() },
        at: row.phase_at,
        phase: read_phase("incident_case.closed_phase", phase)?,
    }))
}
