//! Table `site`.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "site")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub site_id: Uuid,
    pub school_id: Uuid,
    pub site_number: i32,
    pub name: String,
    pub street: String,
    pub postal_code: String,
    pub municipality: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Organisations { Public: SiteId, SchoolId, SiteNumber, Name, Street, PostalCode, Municipality; }}
