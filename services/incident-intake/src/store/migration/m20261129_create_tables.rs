//! Cases with their timeline and evidence, what counts towards thresholds, schools and people as they were last named.

use sea_orm_migration::prelude::{ConditionalStatement as _, DbErr, DeriveMigrationName, Expr, ExprTrait as _, ForeignKey};
use storage::{
    migrate::{MigrationTrait, SchemaManager, async_trait, index, table},
    reach,
};

use crate::store::{
    case::{self, CLOSED},
    case_device, case_number, evidence, evidence_key, person, school, sighting, timeline, waiting,
};

#[derive(DeriveMigrationName)]
pub struct CreateTables;

#[async_trait::async_trait]
impl MigrationTrait for CreateTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let closing = ["close_reason", "close_text", "closed_by_id", "closed_by_name", "closed_phase"];
        let is_open = || Expr::col("phase").lt(CLOSED);
        let is_active = closing.into_iter().fold(is_open(), |all, column| all.and(Expr::col(column).is_null()));
        let is_closed = closing.into_iter().fold(Expr::col("phase").eq(CLOSED), |all, column| all.and(Expr::col(column).is_not_null()));
        let actor_is_whole = Expr::col("actor_id").is_null().eq(Expr::col("actor_name").is_null());
        let case_of = |table: &'static str| ForeignKey::create().from(table, "case_id").to("incident_case", "case_id").to_owned();
        let tables = [
            table(manager, school::Entity),
            table(manager, person::Entity),
            table(manager, case_number::Entity),
            table(manager, case::Entity).check(is_active.or(is_closed)).check(Expr::col("severity").between(1, 4)).to_owned(),
            table(manager, timeline::Entity).foreign_key(&mut case_of("timeline_entry")).check(actor_is_whole).to_owned(),
            table(manager, evidence::Entity).foreign_key(&mut case_of("evidence")).to_owned(),
            table(manager, evidence_key::Entity).foreign_key(&mut case_of("evidence_key")).to_owned(),
            table(manager, case_device::Entity).foreign_key(&mut case_of("case_device")).to_owned(),
            table(manager, sighting::Entity),
            table(manager, waiting::Entity),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }

        use case::Column as Case;
        use evidence::Column as Evidence;
        use sighting::Column as Sighting;
        use timeline::Column as Entry;
        let by = |name, columns: &[Case]| index(name, case::Entity, columns.iter().copied());
        let indexes = [
            by("incident_case_one_open", &[Case::SchoolId, Case::SignatureId]).unique().and_where(is_open()).to_owned(),
            by("incident_case_reference", &[Case::ReferenceYear, Case::ReferenceNumber]).unique().to_owned(),
            // The whole queue. Its order depends on the moment, so the database sorts it; closed cases, which are most of the table after
            // some years, must not be read for it.
            by("incident_case_open_queue", &[Case::QueueAt, Case::CaseId]).and_where(is_open()).to_owned(),
            // Of a school and of one responder; then figures over the last days.
            by("incident_case_school", &[Case::SchoolId, Case::QueueAt, Case::CaseId]),
            by("incident_case_closer", &[Case::ClosedById]),
            by("incident_case_assignee", &[Case::AssigneeId, Case::QueueAt, Case::CaseId]),
            by("incident_case_signature", &[Case::SchoolId, Case::SignatureId, Case::OpenedAt]),
            by("incident_case_opened", &[Case::OpenedAt, Case::CaseId]),
            by("incident_case_updated", &[Case::UpdatedAt, Case::CaseId]),
            by("incident_case_reacted", &[Case::ReactedAt]),
            index("timeline_entry_case", timeline::Entity, [Entry::CaseId, Entry::AuditSeq]),
            // NULLs are distinct in both stores, so entries without a request id do not meet.
            index("timeline_entry_actor", timeline::Entity, [Entry::ActorId]),
            index("timeline_entry_request", timeline::Entity, [Entry::CaseId, Entry::ActorId, Entry::RequestId]).unique().to_owned(),
            index("evidence_order", evidence::Entity, [Evidence::CaseId, Evidence::Position]).unique().to_owned(),
            index("evidence_alert", evidence::Entity, [Evidence::AlertId]),
            index("sighting_window", sighting::Entity, [Sighting::SchoolId, Sighting::ClassId, Sighting::At]),
            index("sighting_heard", sighting::Entity, [Sighting::HeardAt]),
            index("waiting_alert_heard", waiting::Entity, [waiting::Column::HeardAt]),
        ];
        for index in indexes {
            manager.create_index(index).await?;
        }
        guard(manager).await
    }
}

/// But for the numbers of cases and the people who work on them, who are of the ministry.
async fn guard(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let of_school = reach::reaches("school_id");
    reach::guard(manager, school::Entity, &of_school).await?;
    reach::guard(manager, case::Entity, &of_school).await?;
    reach::guard(manager, sighting::Entity, &of_school).await?;
    let key = case::Column::CaseId;
    reach::guard(manager, timeline::Entity, &reach::with(timeline::Entity, case::Entity, key)).await?;
    reach::guard(manager, evidence::Entity, &reach::with(evidence::Entity, case::Entity, key)).await?;
    reach::guard(manager, evidence_key::Entity, &reach::with(evidence_key::Entity, case::Entity, key)).await?;
    reach::guard(manager, case_device::Entity, &reach::with(case_device::Entity, case::Entity, key)).await?;
    // Its school is in its text, and no caller reads it.
    reach::guard(manager, waiting::Entity, "false").await
}
