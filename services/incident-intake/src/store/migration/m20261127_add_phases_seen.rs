//! Which phases a case has been in. Those of older cases stand in their timelines.

use sea_orm_migration::{
    prelude::{DbErr, DeriveIden, Table},
    schema::small_integer,
    sea_orm::ConnectionTrait as _,
};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct AddPhasesSeen;

impl MigrationName for AddPhasesSeen {
    fn name(&self) -> &'static str {
        "m20261127_add_phases_seen"
    }
}

#[derive(DeriveIden)]
enum IncidentCase {
    Table,
    PhasesSeen,
}

/// As timelines name them, in the order of their bits; every case begins in the one before these.
const AFTER_OPEN: [&str; 5] = ["in_progress", "containment", "eradication", "recovery", "post_incident"];

#[async_trait::async_trait]
impl MigrationTrait for AddPhasesSeen {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = small_integer(IncidentCase::PhasesSeen).default(1).to_owned();
        manager.alter_table(Table::alter().table(IncidentCase::Table).add_column(column).to_owned()).await?;
        for (index, phase) in AFTER_OPEN.into_iter().enumerate() {
            let bit = 2 << index;
            // Within a text that a person wrote, quotes are escaped, so none can look like this.
            let fill = format!(
                r#"UPDATE incident_case SET phases_seen = phases_seen + {bit} WHERE case_id IN
                   (SELECT case_id FROM timeline_entry WHERE change LIKE '{{"phase_changed":%"to":"{phase}"}}}}')"#
            );
            manager.get_connection().execute_unprepared(&fill).await?;
        }
        Ok(())
    }
}
