//! Table `device`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "device")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_id: Uuid,
    pub school_id: Uuid,
    /// The hardware address, or the network address of a device without one. Unique within the school.
    pub device_key: String,
    /// JSON lists of facts.
    #[sea_orm(column_type = "Text")]
    pub names: String,
    #[sea_orm(column_type = "Text")]
    pub software: String,
    #[sea_orm(column_type = "Text")]
    pub services: String,
    pub first_seen_at: DateTimeUtc,
    pub last_seen_at: DateTimeUtc,
    /// When we last heard of it, whenever that happened.
    pub heard_at: DateTimeUtc,
    /// What lists are sorted by: devices with a name of their own first.
    pub sort_name: String,
    /// Names, addresses and vendor in small letters: searches look in it.
    #[sea_orm(column_type = "Text")]
    pub search_text: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
