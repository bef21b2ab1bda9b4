//! Table `timeline_entry`. What happened to cases.

use sea_orm::entity::prelude::*;

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
