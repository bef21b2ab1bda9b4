//! Table `contact`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub contact_id: Uuid,
    pub school_id: Uuid,
    pub name: String,
    pub phone: String,
    pub out_of_hours: bool,
    /// 0 in office hours, 1 outside, then the name in small letters: lists are in its order.
    pub sort_key: String,
    pub version: i32,
    /// Who asked for it under which id, so that asking again gives the same contact.
    pub requested_by: String,
    pub request_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
