//! Table `evidence_key`. Addresses and names of devices in the evidence of cases, to look cases up by.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "evidence_key")]
pub struct Model {
    /// In the spelling of `domain::alert::search_key`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub search_key: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Incidents {
    Internal: CaseId;
    Personal: SearchKey;
}}
