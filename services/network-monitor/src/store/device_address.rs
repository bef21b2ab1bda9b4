//! Table `device_address`: which network addresses a device has or had, and from when until when its card claimed them.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device_address")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ip: String,
    pub school_id: Uuid,
    pub source: String,
    pub observed_at: DateTimeUtc,
    /// Both or neither.
    pub claimed_first_at: Option<DateTimeUtc>,
    pub claimed_last_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Devices {
    Internal: DeviceId, SchoolId, Source;
    Personal: Ip, ObservedAt, ClaimedFirstAt, ClaimedLastAt;
}}
