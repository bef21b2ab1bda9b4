//! The queue is read by what is open. Its order depends on the moment, so the store sorts it; closed cases, which are most of the
//! table after some years, must not be read for it.

use sea_orm_migration::prelude::{ConditionalStatement as _, DbErr, DeriveIden, Expr, ExprTrait, Index};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddOpenQueue;

impl MigrationName for AddOpenQueue {
    fn name(&self) -> &'static str {
        "m20261127_add_open_queue"
    }
}

#[derive(DeriveIden)]
enum IncidentCase {
    Table,
    CaseId,
    Phase,
    QueueAt,
}

const CLOSED: i16 = 7;

#[async_trait::async_trait]
impl MigrationTrait for AddOpenQueue {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let open_queue = Index::create()
            .name("incident_case_open_queue")
            .table(IncidentCase::Table)
            .col(IncidentCase::QueueAt)
            .col(IncidentCase::CaseId)
            .and_where(ExprTrait::lt(Expr::col(IncidentCase::Phase), CLOSED))
            .to_owned();
        manager.create_index(open_queue).await
    }
}
