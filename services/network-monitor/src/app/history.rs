//! What network-monitor tells in the history of a school.

use std::collections::HashMap;

use auth::Action;
use runtime::SchoolId;
use service::Trail;
use storage::{
    Database, StoreResult,
    audit::{Changes, Things},
};

use super::App;

impl Trail for App {
    const CHANGES: &'static [(Action, Changes)] =
        &[(Action::SuppressionRead, Changes { by: &[Action::SuppressionCreate, Action::SuppressionDelete], holding: "" })];

    const READS: &'static [Action] = &[Action::DeviceExport];

    fn database(&self) -> &Database {
        &self.database
    }

    /// Nobody names a suppression.
    async fn names(&self, _: SchoolId, _: &Things<'_>) -> StoreResult<HashMap<String, String>> {
        Ok(HashMap::new())
    }
}
