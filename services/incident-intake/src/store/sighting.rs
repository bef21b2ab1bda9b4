//! Table `sighting`. What counts towards a threshold, until a case opens or the window has passed.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sighting")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub sighting_id: Uuid,
    pub school_id: Uuid,
    pub class_id: String,
    pub alert_id: Uuid,
    /// When it happened.
    pub at: DateTimeUtc,
    /// Events as the sensor reported them.
    pub events: i64,
    /// Events as the threshold counts them.
    pub counted: i64,
    /// When we heard of it.
    pub heard_at: DateTimeUtc,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

storage::classified! { Thresholds { Internal: SightingId, SchoolId, ClassId, AlertId, At, Events, Counted, HeardAt; }}
