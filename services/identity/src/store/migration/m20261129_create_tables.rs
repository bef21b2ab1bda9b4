//! Boards, schools, sites, contacts, gateways; people, appointments, invitations and erasures; vendors, checks and what they come to.

use sea_orm_migration::prelude::{DbErr, DeriveMigrationName, Expr, ExprTrait as _, ForeignKey, ForeignKeyAction};
use storage::{
    migrate::{MigrationTrait, SchemaManager, async_trait, index, table},
    reach,
};

use crate::store::{
    appointment, board, check, check_override, contact, domain_proof, enrolment, erasure, gateway, invitation, passed_on, person, school,
    site, vendor,
};

#[derive(DeriveMigrationName)]
pub struct CreateTables;

#[async_trait::async_trait]
impl MigrationTrait for CreateTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let has_code = Expr::col("code_hash").is_not_null().and(Expr::col("code_expires").is_not_null());
        let has_no_code = Expr::col("code_hash").is_null().and(Expr::col("code_expires").is_null());
        let is_active = Expr::col("state")
            .eq("active")
            .and(Expr::col("secret_hash").is_not_null())
            .and(Expr::col("secret_since").is_not_null())
            .and(has_code.or(has_no_code.clone()))
            .and(Expr::col("revoked_at").is_null());
        let is_revoked = Expr::col("state")
            .eq("revoked")
            .and(Expr::col("secret_hash").is_null())
            .and(has_no_code)
            .and(Expr::col("revoked_at").is_not_null())
            .and(Expr::col("revoked_by").is_not_null())
            .and(Expr::col("revoke_reason").is_not_null());
        let person_is_whole = Expr::col("name").is_null().eq(Expr::col("email").is_null());
        let school_of = |table: &'static str| ForeignKey::create().from(table, "school_id").to("school", "school_id").to_owned();
        let tables = [
            table(manager, board::Entity),
            table(manager, school::Entity),
            table(manager, site::Entity).foreign_key(&mut school_of("site")).to_owned(),
            table(manager, contact::Entity).foreign_key(&mut school_of("contact")).to_owned(),
            table(manager, gateway::Entity)
                .foreign_key(&mut school_of("gateway"))
                .foreign_key(ForeignKey::create().from("gateway", "site_id").to("site", "site_id"))
                .check(is_active.or(is_revoked))
                .to_owned(),
            table(manager, person::Entity).check(person_is_whole).to_owned(),
            table(manager, appointment::Entity)
                .foreign_key(ForeignKey::create().from("appointment", "person_id").to("person", "person_id"))
                .to_owned(),
            table(manager, passed_on::Entity)
                .foreign_key(
                    ForeignKey::create()
                        .from("passed_on", "appointment_id")
                        .to("appointment", "appointment_id")
                        .on_delete(ForeignKeyAction::Cascade),
                )
                .to_owned(),
            table(manager, invitation::Entity),
            table(manager, erasure::Entity),
            table(manager, vendor::Entity),
            table(manager, check::Entity),
            table(manager, enrolment::Entity),
            table(manager, check_override::Entity),
            table(manager, domain_proof::Entity)
                .foreign_key(ForeignKey::create().from("domain_proof", "vendor_id").to("vendor", "vendor_id"))
                .to_owned(),
        ];
        for table in tables {
            manager.create_table(table).await?;
        }

        let indexes = [
            index("school_by_name", school::Entity, [school::Column::SortName, school::Column::SchoolId]),
            index("school_by_board", school::Entity, [school::Column::BoardId]),
            index("site_by_number", site::Entity, [site::Column::SchoolId, site::Column::SiteNumber]).unique().to_owned(),
            index("contact_by_school", contact::Entity, [contact::Column::SchoolId, contact::Column::SortKey, contact::Column::ContactId]),
            index("contact_by_request", contact::Entity, [contact::Column::RequestedBy, contact::Column::RequestId]).unique().to_owned(),
            index("gateway_by_school", gateway::Entity, [gateway::Column::SchoolId, gateway::Column::GatewayId]),
            index("gateway_by_request", gateway::Entity, [gateway::Column::RequestedBy, gateway::Column::RequestId]).unique().to_owned(),
        ];
        let indexes = indexes.into_iter().chain([
            index(
                "appointment_by_place",
                appointment::Entity,
                // The last three so that what is counted and who may see it is in the index: a place may have tens of thousands.
                [
                    appointment::Column::Place,
                    appointment::Column::SortKey,
                    appointment::Column::AppointmentId,
                    appointment::Column::Ends,
                    appointment::Column::ConfirmBy,
                    appointment::Column::PersonId,
                ],
            ),
            index("appointment_by_function", appointment::Entity, [appointment::Column::Function, appointment::Column::Ends]),
            index("appointment_by_person", appointment::Entity, [appointment::Column::PersonId, appointment::Column::Ends]),
            index("appointment_by_reminder", appointment::Entity, [appointment::Column::RemindAt, appointment::Column::Place]),
            index("appointment_by_request", appointment::Entity, [appointment::Column::RequestedBy, appointment::Column::RequestId])
                .unique()
                .to_owned(),
            index(
                "invitation_by_place",
                invitation::Entity,
                [invitation::Column::Place, invitation::Column::CreateTime, invitation::Column::InvitationId],
            ),
            index("invitation_by_email", invitation::Entity, [invitation::Column::Email]),
            index("erasure_by_time", erasure::Entity, [erasure::Column::ProposeTime, erasure::Column::ErasureId]),
            index("erasure_by_request", erasure::Entity, [erasure::Column::RequestedBy, erasure::Column::RequestId]).unique().to_owned(),
            index("vendor_by_request", vendor::Entity, [vendor::Column::RequestedBy, vendor::Column::RequestId]).unique().to_owned(),
            index("check_by_subject", check::Entity, [check::Column::Subject, check::Column::CheckTime, check::Column::CheckId]),
            index("domain_proof_by_look", domain_proof::Entity, [domain_proof::Column::NextLookTime]),
            index("enrolment_by_name", enrolment::Entity, [enrolment::Column::SortName, enrolment::Column::Subject]),
            index("override_by_subject", check_override::Entity, [check_override::Column::Subject, check_override::Column::ProposeTime]),
            index("invitation_by_request", invitation::Entity, [invitation::Column::RequestedBy, invitation::Column::RequestId])
                .unique()
                .to_owned(),
        ]);
        for index in indexes {
            manager.create_index(index).await?;
        }
        guard(manager).await
    }
}

/// But for boards, which everybody may know, and people, who belong to no organisation: they are looked up by their appointments.
async fn guard(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let of_school = reach::reaches("school_id");
    reach::guard(manager, school::Entity, &of_school).await?;
    reach::guard(manager, site::Entity, &of_school).await?;
    reach::guard(manager, contact::Entity, &of_school).await?;
    reach::guard(manager, gateway::Entity, &of_school).await?;
    // `school:<id>`; what is of the platform has no id, so only who reaches everything reaches it.
    let at_place = reach::reaches_text("split_part(place, ':', 2)");
    let own = reach::reaches("person_id");
    reach::guard(manager, appointment::Entity, &format!("{at_place} OR {own}")).await?;
    reach::guard(manager, passed_on::Entity, &reach::with(passed_on::Entity, appointment::Entity, appointment::Column::AppointmentId))
        .await?;
    reach::guard(manager, invitation::Entity, &at_place).await?;
    // Of the platform: only who reaches everything reaches it.
    reach::guard(manager, erasure::Entity, "false").await?;
    let of_vendor = reach::reaches("vendor_id");
    reach::guard(manager, vendor::Entity, &of_vendor).await?;
    reach::guard(manager, domain_proof::Entity, &of_vendor).await?;
    // `school:<id>`, `vendor:<id>`.
    let of_subject = reach::reaches_text("split_part(subject, ':', 2)");
    reach::guard(manager, check::Entity, &of_subject).await?;
    reach::guard(manager, enrolment::Entity, &of_subject).await?;
    reach::guard(manager, check_override::Entity, &of_subject).await
}
