//! Addresses and names of devices in evidence, to look cases up by. Those in older evidence are filled in afterwards, since a
//! reference to cases holds up who writes them.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, ForeignKey, Index, Table},
    schema::{string, uuid},
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddEvidenceKeys;

impl MigrationName for AddEvidenceKeys {
    fn name(&self) -> &'static str {
        "m20261127_add_evidence_keys"
    }
}

#[derive(DeriveIden)]
enum EvidenceKey {
    Table,
    SearchKey,
    CaseId,
}

#[derive(DeriveIden)]
enum IncidentCase {
    Table,
    CaseId,
}

#[async_trait::async_trait]
impl MigrationTrait for AddEvidenceKeys {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let case =
            ForeignKey::create().from(EvidenceKey::Table, EvidenceKey::CaseId).to(IncidentCase::Table, IncidentCase::CaseId).to_owned();
        let keys = Table::create()
            .table(EvidenceKey::Table)
            .col(string(EvidenceKey::SearchKey))
            .col(uuid(EvidenceKey::CaseId))
            .primary_key(Index::create().col(EvidenceKey::SearchKey).col(EvidenceKey::CaseId))
            .foreign_key(&mut case.clone())
            .to_owned();
        manager.create_table(keys).await
    }
}
