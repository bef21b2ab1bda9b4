//! Table `gateway`. Which columns are set in which state is a constraint of the table.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gateway")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub gateway_id: Uuid,
    pub school_id: Uuid,
    pub site_id: Option<Uuid>,
    pub name: String,
    pub enrolled_at: DateTimeUtc,
    pub state: String,
    pub secret_hash: Option<Vec<u8>>,
    pub secret_since: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    pub revoked_by: Option<String>,
    pub revoke_reason: Option<String>,
    pub version: i32,
    /// Who asked for it under which id, so that asking again gives the same gateway.
    pub requested_by: String,
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
