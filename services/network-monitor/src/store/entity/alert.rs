//! Table `alert`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alert")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub alert_id: Uuid,
    pub school_id: Uuid,
    pub gateway_id: Option<Uuid>,
    pub signature_id: String,
    #[sea_orm(column_type = "Text")]
    pub signature: String,
    #[sea_orm(column_type = "Text")]
    pub category: String,
    /// 1 low, 2 medium, 3 high.
    pub severity: i16,
    pub sensor: String,
    /// Empty: none.
    pub source_ip: String,
    pub source_port: Option<i32>,
    pub source_device_id: Option<Uuid>,
    /// Empty: none.
    pub destination_ip: String,
    pub destination_port: Option<i32>,
    pub destination_device_id: Option<Uuid>,
    #[sea_orm(column_type = "Text")]
    pub protocol: String,
    pub first_at: DateTimeUtc,
    pub last_at: DateTimeUtc,
    pub event_count: i64,
    /// Of those, told; what nobody was told of is in no list.
    pub told_event_count: i64,
    /// When its last event reached us.
    pub received_at: DateTimeUtc,
    /// Fingerprints of its last events, eight bytes each.
    pub remembered: Vec<u8>,
    #[sea_orm(column_type = "Text")]
    pub raw_event: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
