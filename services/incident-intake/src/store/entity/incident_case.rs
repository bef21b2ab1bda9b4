//! Table `incident_case`. Which columns are set in which state is a constraint of the table.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "incident_case")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub case_id: Uuid,
    pub reference_year: i32,
    pub reference_number: i32,
    pub school_id: Uuid,
    /// Copied from `school`, since lists are in its order.
    pub school_name: String,
    pub municipality: String,
    pub contact_name: String,
    pub contact_phone: String,
    pub signature_id: String,
    pub signature: String,
    pub category: String,
    pub class_id: String,
    pub rsit_class: String,
    pub rsit_kind: String,
    pub rsit_name_nl: String,
    pub rsit_name_en: String,
    pub title_nl: String,
    pub title_en: String,
    /// JSON of the story.
    pub story: String,
    pub content_version: String,
    pub tlp: String,
    pub severity: i16,
    /// 1 to 6 in the order of the phases; 7 when closed.
    pub phase: i16,
    pub phase_at: DateTimeUtc,
    pub assignee_id: Option<Uuid>,
    /// Empty when nobody has it: lists are in its order.
    pub assignee_name: String,
    pub close_reason: Option<String>,
    pub close_text: Option<String>,
    pub closed_by_id: Option<Uuid>,
    pub closed_by_name: Option<String>,
    /// The phase it was closed in.
    pub closed_phase: Option<i16>,
    /// The phases it has been in: bit 0 is open, bit 5 post-incident.
    pub phases_seen: i16,
    pub react_by: DateTimeUtc,
    pub resolve_by: DateTimeUtc,
    /// From when on these are near.
    pub react_soon_at: DateTimeUtc,
    pub resolve_soon_at: DateTimeUtc,
    pub reacted_at: Option<DateTimeUtc>,
    /// Where it stands in the queue: its next target; after all others when it is closed.
    pub queue_at: DateTimeUtc,
    pub alert_count: i64,
    pub event_count: i64,
    pub told_event_count: i64,
    pub opened_at: DateTimeUtc,
    pub last_event_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub revision: i64,
    /// Number, titles and signature in small letters: searches look in it.
    pub search_text: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
