//! Table `school_contact`: when a school's sensors were last heard. Its row is also the lock that keeps writers of one school
//! in line.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "school_contact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub school_id: Uuid,
    pub heard_at: DateTimeUtc,
    /// The hour of the figures that follow: what of its bounds the school has used.
    pub counted_hour: DateTimeUtc,
    pub devices: i32,
    pub new_devices: i32,
    pub new_alerts: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Gateways { Internal: SchoolId, HeardAt, CountedHour, Devices, NewDevices, NewAlerts; }}
