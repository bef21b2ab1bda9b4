//! Which phases older cases have been in stands in their timelines.

use sea_orm_migration::{prelude::DbErr, sea_orm::ConnectionTrait as _};
use storage::migrate::{MigrationName, MigrationTrait, SchemaManager, async_trait};

pub struct FillInPhasesSeen;

impl MigrationName for FillInPhasesSeen {
    fn name(&self) -> &'static str {
        "m20261127_fill_in_phases_seen"
    }
}

/// As timelines name them, in the order of their bits; every case begins in the one before these.
const AFTER_OPEN: [&str; 5] = ["in_progress", "containment", "eradication", "recovery", "post_incident"];

#[async_trait::async_trait]
impl MigrationTrait for FillInPhasesSeen {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Within a text that a person wrote, quotes are escaped, so none can look like this.
        let bits: Vec<String> = AFTER_OPEN
            .into_iter()
            .enumerate()
            .map(|(index, phase)| format!(r#"WHEN change LIKE '%"to":"{phase}"}}}}' THEN {}"#, 2 << index))
            .collect();
        // A sum of different bits is all of them; SQLite has no aggregate for that.
        let fill = format!(
            r#"UPDATE incident_case SET phases_seen = phases_seen | entered.phases
               FROM (SELECT case_id, CAST(SUM(DISTINCT CASE {} END) AS SMALLINT) AS phases
                     FROM timeline_entry WHERE change LIKE '{{"phase_changed":%' GROUP BY case_id) AS entered
               WHERE incident_case.case_id = entered.case_id AND phases_seen & entered.phases <> entered.phases"#,
            bits.join(" ")
        );
        manager.get_connection().execute_unprepared(&fill).await?;
        Ok(())
    }
}
