//! What goes when its period is over, and what hangs on it.

use auth::{Action, Context};
use runtime::Result;
use storage::{
    Txn,
    audit::{self, Chain, Entry},
    retention::Aging,
};
use uuid::Uuid;

use crate::store;

/// How the rows of incident-intake grow old.
pub fn aging() -> Vec<Aging> {
    store::aging(|txn, cx, ids| Box::pin(remove_cases(txn, cx, ids)))
}

/// Each with a row in its school's chain, by which the check of the audit trail knows that its texts went with it.
async fn remove_cases(txn: &Txn, cx: &Context, ids: Vec<Uuid>) -> Result<()> {
    for case in store::remove_cases(txn, ids).await? {
        let detail = serde_json::json!({ "change": audit::REMOVED, "reference": case.reference.to_string() });
        let entry = Entry { action: Action::RetentionRun, resource: format!("case:{}", case.id), detail };
        audit::append(txn, cx, Chain::School(case.school), entry).await?;
    }
    Ok(())
}
