//! Table `case_device`. Devices of the school in the evidence of cases.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "case_device")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: Uuid,
    /// The device's id, else its address.
    #[sea_orm(primary_key, auto_increment = false)]
    pub device_key: String,
    /// Where in the evidence it came first: twice the position of the alert, one more for its destination.
    pub position: i64,
    /// Whether the key is the id of a device.
    pub is_known: bool,
    /// May be empty.
    pub name: String,
    pub ip: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
