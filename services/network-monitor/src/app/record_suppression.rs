//! The audit row of a change to what is kept quiet, in the transaction of the change.

use auth::{Action, Context};
use storage::{
    StoreResult, Txn,
    audit::{self, Chain, Entry},
};

use crate::domain::suppression::Suppression;

pub async fn record_suppression(txn: &Txn, cx: &Context, action: Action, suppression: &Suppression) -> StoreResult<()> {
    let entry = Entry {
        action,
        resource: format!("suppression:{}", suppression.id),
        detail: serde_json::json!({ "signature_id": suppression.signature_id.as_str(), "expires": suppression.expires.to_rfc3339() }),
    };
    let chain = suppression.school.map_or(Chain::Platform, Chain::School);
    audit::append(txn, cx, chain, entry).await?;
    Ok(())
}
