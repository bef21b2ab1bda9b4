//! What happened to cases.

use chrono::{DateTime, Utc};
use runtime::{CaseId, RequestId};
use sea_orm::{ActiveValue::Set, Condition, ConnectionTrait, entity::prelude::*};
use storage::{Page, Paging, StoreError, StoreResult, Txn, desc};

use super::{from_json, to_json};
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
pub async fn find_by_request(txn: &Txn, case: CaseId, by: &Person, request_id: RequestId) -> StoreResult<Option<TimelineEntry>> {
    let row = Entity::find()
        .filter(Column::CaseId.eq(case.as_uuid()))
        .filter(Column::ActorId.eq(by.id.as_uuid()))
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
