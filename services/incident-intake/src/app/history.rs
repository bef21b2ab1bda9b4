//! What incident-intake tells in the history of a school.

use std::collections::HashMap;

use auth::Action;
use runtime::SchoolId;
use service::Trail;
use storage::{
    Database, Reach, StoreResult,
    audit::{Changes, Things},
};

use super::App;
use crate::store;

/// Notes with this in their detail.
const fn notes(holding: &'static str) -> Changes {
    Changes { by: &[Action::CaseNote], holding }
}

impl Trail for App {
    const CHANGES: &'static [(Action, Changes)] = &[
        (
            Action::CaseRead,
            Changes {
                by: &[Action::CaseOpen, Action::CaseAssign, Action::CaseChangePhase, Action::CaseClose, Action::CaseReopen],
                holding: "",
            },
        ),
        (Action::CaseRead, Changes { by: &[Action::RetentionRun], holding: "" }),
        // As in the timeline, a school does not hear of a note that is for the team alone.
        (Action::CaseRead, notes(r#""tlp":"TLP:AMBER""#)),
        (Action::CaseRead, notes(r#""tlp":"TLP:GREEN""#)),
        (Action::CaseRead, notes(r#""tlp":"TLP:CLEAR""#)),
        (Action::CaseReadInternal, notes("")),
    ];

    const READS: &'static [Action] = &[Action::CaseRead, Action::CaseExport];

    fn database(&self) -> &Database {
        &self.database
    }

    async fn names(&self, school: SchoolId, things: &Things<'_>) -> StoreResult<HashMap<String, String>> {
        let reader = self.database.reader_within(Reach::one(school)).await?;
        let references = store::case::references(&reader, school, things).await?;
        Ok(references.into_iter().map(|(id, reference)| (format!("case:{id}"), reference.to_string())).collect())
    }
}
