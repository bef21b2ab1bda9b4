//! Use cases of people's sessions, which others keep.

use auth::{Action, Context, Resource};
use runtime::{Line, PersonId, Result, security::SecurityEvent};
use storage::audit::{self, Chain, Entry};

use super::App;

/// Whose sessions end, and why.
#[derive(Debug, Clone)]
pub struct EndSessions {
    pub person_id: PersonId,
    pub reason: Line<200>,
}

/// On record before any session ends: one that ends without a row would be nobody's doing.
pub async fn end_sessions(app: &App, cx: &Context, asked: EndSessions) -> Result<()> {
    cx.require(Action::SessionEnd, Resource::Platform)?;
    let person = format!("person:{}", asked.person_id);

    let txn = app.database.begin().await?;
    let detail = serde_json::json!({ "reason": asked.reason.as_str() });
    audit::append(&txn, cx, Chain::Platform, Entry { action: Action::SessionEnd, resource: person.clone(), detail }).await?;
    txn.commit().await?;
    SecurityEvent::SessionsEndedByOperator.record(&cx.actor(), Action::SessionEnd.name(), person, "");
    Ok(())
}
