//! Table `device_day`: the quarter-hours of a Brussels day in which a device was seen, a bit each.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device_day")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_id: Uuid,
    #[sea_orm(primary_key, auto_increment = false)]
    pub day: Date,
    /// That of the device, so that whose row it is takes no look-up.
    pub school_id: Uuid,
    /// Bits 0 to 63.
    pub slots_low: i64,
    /// Bits 64 to 99.
    pub slots_high: i64,
    /// How many bits are set, so that the database can sort by it.
    pub slot_count: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { DeviceUse {
    Internal: DeviceId, SchoolId, SlotCount;
    Personal: Day, SlotsLow, SlotsHigh;
}}
