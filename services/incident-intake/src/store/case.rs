//! Cases, kept.

use auth::Scope;
use chrono::{DateTime, Utc};
use content::Text;
use runtime::{AlertId, CaseId, SchoolId};
use sea_orm::{
    ActiveModelTrait as _,
    ActiveValue::Set,
    ColumnTrait as _, ConnectionTrait, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, Select,
    sea_query::{Expr, ExprTrait as _, OnConflict, Query},
};
use storage::{StoreError, StoreResult, Txn, within};

use super::{
    entity::{
        case_number, evidence,
        incident_case::{Column, Entity, Model},
    },
    from_column, from_json, school, to_column, to_json,
};
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

/// Those of some cases that are of a school and within the caller's scope.
pub async fn all(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: SchoolId,
    ids: impl Iterator<Item = CaseId>,
) -> StoreResult<Vec<Case>> {
    let query = within(Entity::find(), Column::SchoolId, scope).filter(Column::SchoolId.eq(school.as_uuid()));
    let rows = query.filter(Column::CaseId.is_in(ids.map(CaseId::as_uuid))).all(connection).await?;
    rows.into_iter().map(read).collect()
}

/// The open cases of some signatures at a school, within the caller's scope.
pub async fn open_of_signatures(
    connection: &impl ConnectionTrait,
    scope: &Scope<SchoolId>,
    school: SchoolId,
    signatures: impl Iterator<Item = &str>,
) -> StoreResult<Vec<Case>> {
    let rows = within(open_at(school), Column::SchoolId, scope).filter(Column::SignatureId.is_in(signatures)).all(connection).await?;
    rows.into_iter().map(read).collect()
}

/// The open case that an alert belongs to: the one that has it as evidence, else the one of its signature. The school must be
/// locked.
pub async fn find_open_for(txn: &Txn, school: SchoolId, alert: AlertId, signature_id: &str) -> StoreResult<Option<Case>> {
    let cases_of_alert = Query::select()
        .column(evidence::Column::CaseId)
        .from(evidence::Entity)
        .and_where(evidence::Column::AlertId.eq(alert.as_uuid()))
        .to_owned();
    let with_alert = oldest(open_at(school).filter(Column::CaseId.in_subquery(cases_of_alert))).one(&**txn).await?;
    if let Some(row) = with_alert {
        return read(row).map(Some);
    }
    find_open_of_signature(txn, school, signature_id).await
}

/// The open case of a signature at a school: there is at most one. The school must be locked.
pub async fn find_open_of_signature(txn: &Txn, school: SchoolId, signature_id: &str) -> StoreResult<Option<Case>> {
    open_at(school).filter(Column::SignatureId.eq(signature_id)).one(&**txn).await?.map(read).transpose()
}

/// The oldest open case that shares evidence with a closed one. The school must be locked.
pub async fn find_open_sharing_evidence(txn: &Txn, closed: &Case) -> StoreResult<Option<Case>> {
    let alerts_of_closed = Query::select()
        .column(evidence::Column::AlertId)
        .from(evidence::Entity)
        .and_where(evidence::Column::CaseId.eq(closed.id.as_uuid()))
        .to_owned();
    let cases_of_alerts = Query::select()
        .column(evidence::Column::CaseId)
        .from(evidence::Entity)
        .and_where(evidence::Column::AlertId.in_subquery(alerts_of_closed))
        .to_owned();
    let sharing =
        open_at(closed.school.id).filter(Column::CaseId.ne(closed.id.as_uuid())).filter(Column::CaseId.in_subquery(cases_of_alerts));
    oldest(sharing).one(&**txn).await?.map(read).transpose()
}

fn oldest(cases: Select<Entity>) -> Select<Entity> {
    cases.order_by_asc(Column::OpenedAt).order_by_asc(Column::CaseId)
}

fn open_at(school: SchoolId) -> Select<Entity> {
    Entity::find().filter(Column::SchoolId.eq(school.as_uuid())).filter(is_open())
}

/// The latest case of a signature at a school, open or closed. The school must be locked.
pub async fn find_latest(txn: &Txn, school: SchoolId, signature_id: &str) -> StoreResult<Option<Case>> {
    let row = Entity::find()
        .filter(Column::SchoolId.eq(school.as_uuid()))
        .filter(Column::SignatureId.eq(signature_id))
        .order_by_desc(Column::OpenedAt)
        .order_by_desc(Column::CaseId)
        .one(&**txn)
        .await?;
    row.map(read).transpose()
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
