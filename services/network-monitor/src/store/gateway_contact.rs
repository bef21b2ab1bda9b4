//! Table `gateway_contact`: when a gateway was last heard.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "gateway_contact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub gateway_id: Uuid,
    pub school_id: Uuid,
    pub heard_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Gateways { Internal: GatewayId, SchoolId, HeardAt; }}
