//! What happened to cases.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use runtime::{CaseId, PersonId, RequestId, SchoolId};
use sea_orm::{ActiveValue::Set, Condition, ConnectionTrait, QuerySelect as _, QueryTrait as _, entity::prelude::*};
use storage::{Page, Paging, StoreError, StoreResult, Txn, audit::KeptText, desc};

use super::{case, from_json, to_json};
use crate::domain::{
    change::{CaseChange, TimelineEntry},
    person::Person,
    tlp::Tlp,
};

/// Table `timeline_entry`. What happened to cases.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "timeline_entry")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub entry_id: Uuid,
    pub case_id: Uuid,
    pub at: DateTimeUtc,
    /// Empty where Schildwacht itself acted.
    pub actor_id: Option<Uuid>,
    pub actor_name: Option<String>,
    /// JSON of the change.
    pub change: String,
    /// Of a note: who may read it.
    pub tlp: Option<String>,
    /// What a person called the request, so that sending it again writes nothing again.
    pub request_id: Option<Uuid>,
    pub audit_seq: i64,
    pub audit_hash: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Incidents {
    Internal: EntryId, CaseId, At, Tlp, RequestId, AuditSeq, AuditHash;
    Personal: ActorId, ActorName;
    Special: Change;
}}

/// Who reads a timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// The response team: everything.
    ResponseTeam,
    /// The school: not what is for the team alone (TLP:RED and TLP:AMBER+STRICT).
    School,
}

const FOR_THE_TEAM_ALONE: [Tlp; 2] = [Tlp::Red, Tlp::AmberStrict];

/// Adds an entry.
pub async fn add(txn: &Txn, case: CaseId, entry: &TimelineEntry, request_id: Option<RequestId>) -> StoreResult<()> {
    let tlp = match &entry.change {
        CaseChange::NoteAdded { tlp, .. } => Some(tlp.to_string()),
        _ => None,
    };
    let row = ActiveModel {
        entry_id: Set(entry.id.as_uuid()),
        case_id: Set(case.as_uuid()),
        at: Set(entry.at),
        actor_id: Set(entry.actor.as_ref().map(|person| person.id.as_uuid())),
        actor_name: Set(entry.actor.as_ref().map(|person| person.name.clone())),
        change: Set(to_json("timeline_entry.change", &entry.change)?),
        tlp: Set(tlp),
        request_id: Set(request_id.map(RequestId::as_uuid)),
        audit_seq: Set(entry.audit_seq),
        audit_hash: Set(entry.audit_hash.clone()),
    };
    Entity::insert(row).exec_without_returning(&**txn).await?;
    Ok(())
}

/// The entry that this request of this person made before.
pub async fn find_by_request(txn: &Txn, case: CaseId, by: PersonId, request_id: RequestId) -> StoreResult<Option<TimelineEntry>> {
    let row = Entity::find()
        .filter(Column::CaseId.eq(case.as_uuid()))
        .filter(Column::ActorId.eq(by.as_uuid()))
        .filter(Column::RequestId.eq(request_id.as_uuid()))
        .one(&**txn)
        .await?;
    row.map(read).transpose()
}

/// Entries for this reader, newest first. Changes at a school follow each other in its audit chain, so this is their order whatever the
/// clocks of the replicas say.
pub async fn list(connection: &impl ConnectionTrait, case: CaseId, reader: Reader, paging: &Paging) -> StoreResult<Page<TimelineEntry>> {
    let entries = Entity::find().filter(Column::CaseId.eq(case.as_uuid()));
    let entries = match reader {
        Reader::ResponseTeam => entries,
        Reader::School => {
            let may_read = Condition::any().add(Column::Tlp.is_null()).add(Column::Tlp.is_not_in(FOR_THE_TEAM_ALONE.map(<&str>::from)));
            entries.filter(may_read)
        }
    };
    paging.read(connection, entries, [desc(Column::AuditSeq)]).await?.try_map(read)
}

/// The texts of a school's entries that stand on these audit rows. The text by which a case is closed is kept with the case too.
pub async fn texts(connection: &impl ConnectionTrait, school: SchoolId, rows: &[i64]) -> StoreResult<Vec<KeptText>> {
    let of_school = case::Entity::find().select_only().column(case::Column::CaseId).filter(case::Column::SchoolId.eq(school.as_uuid()));
    let entries = Entity::find()
        .filter(Column::CaseId.in_subquery(of_school.into_query()))
        .filter(Column::AuditSeq.is_in(rows.iter().copied()))
        .all(connection)
        .await?;
    let mut texts = Vec::new();
    let mut closings: HashMap<Uuid, Vec<i64>> = HashMap::new();
    for entry in entries {
        // Whatever it is now, it is not what was written.
        let (otherwise, place) = (String::new(), "timeline_entry.change");
        let change = from_json(place, &entry.change);
        let is_as_written = change.as_ref().is_ok_and(|change| to_json(place, change).is_ok_and(|json| json == entry.change));
        let text = match change {
            _ if !is_as_written => otherwise,
            Ok(CaseChange::NoteAdded { tlp, .. }) if entry.tlp.as_deref() != Some(<&str>::from(tlp)) => otherwise,
            Ok(CaseChange::NoteAdded { text, .. }) => text.as_str().to_owned(),
            Ok(CaseChange::Closed { text, .. }) => {
                closings.entry(entry.case_id).or_default().push(entry.audit_seq);
                text.as_str().to_owned()
            }
            Ok(CaseChange::Reopened { text }) => text.as_str().to_owned(),
            Ok(_) => continue,
            Err(_) => otherwise,
        };
        texts.push(KeptText { row: entry.audit_seq, place, text });
    }
    texts.extend(closing_texts(connection, &closings).await?);
    Ok(texts)
}

/// What closed cases say of their last closing, where that is one of these.
async fn closing_texts(connection: &impl ConnectionTrait, closings: &HashMap<Uuid, Vec<i64>>) -> StoreResult<Vec<KeptText>> {
    let last: Vec<(Uuid, i64)> = Entity::find()
        .select_only()
        .column(Column::CaseId)
        .column_as(Column::AuditSeq.max(), "last")
        .filter(Column::CaseId.is_in(closings.keys().copied()))
        .filter(Column::Change.starts_with("{\"closed\""))
        .group_by(Column::CaseId)
        .into_tuple()
        .all(connection)
        .await?;
    let last: HashMap<Uuid, i64> =
        last.into_iter().filter(|(case, last)| closings.get(case).is_some_and(|rows| rows.contains(last))).collect();
    let cases = case::Entity::find().filter(case::Column::CaseId.is_in(last.keys().copied())).all(connection).await?;
    let kept = cases
        .into_iter()
        .filter_map(|case| Some(KeptText { row: *last.get(&case.case_id)?, place: "incident_case.close_text", text: case.close_text? }));
    Ok(kept.collect())
}

/// Takes the name of a person out of what they did, and of who had a case when. What the audit trail has a fingerprint of stays as it is.
pub async fn erase_name(txn: &Txn, person: PersonId) -> StoreResult<()> {
    let acted = Entity::update_many().filter(Column::ActorId.eq(person.as_uuid()));
    acted.col_expr(Column::ActorName, Expr::value("")).exec(&**txn).await?;
    let assigned = Entity::find().select_only().column(Column::EntryId).column(Column::Change);
    let assigned = assigned.filter(Column::Change.starts_with("{\"assigned\"")).filter(Column::Change.contains(person.to_string()));
    let assigned: Vec<(Uuid, String)> = assigned.into_tuple().all(&**txn).await?;
    for (entry, change) in assigned {
        let mut change: CaseChange = from_json("timeline_entry.change", &change)?;
        change.erase_name(person);
        let erased = Entity::update_many().filter(Column::EntryId.eq(entry));
        erased.col_expr(Column::Change, Expr::value(to_json("timeline_entry.change", &change)?)).exec(&**txn).await?;
    }
    Ok(())
}

fn read(row: Model) -> StoreResult<TimelineEntry> {
    let actor = match (row.actor_id, row.actor_name) {
        (Some(id), Some(name)) => Some(Person { id: id.into(), name }),
        (None, None) => None,
        _ => return Err(StoreError::unreadable("timeline_entry.actor_id", "id and name go together")),
    };
    let at: DateTime<Utc> = row.at;
    Ok(TimelineEntry {
        id: row.entry_id.into(),
        at,
        actor,
        change: from_json("timeline_entry.change", &row.change)?,
        audit_seq: row.audit_seq,
        audit_hash: row.audit_hash,
    })
}
