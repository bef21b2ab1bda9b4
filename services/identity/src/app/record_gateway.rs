//! The audit row of a change to a gateway, in the transaction of the change.

use auth::{Action, Context};
use storage::{
    StoreResult, Txn,
    audit::{self, Chain, Entry},
};

use crate::domain::Gateway;

pub async fn record_gateway(txn: &Txn, cx: &Context, action: Action, gateway: &Gateway) -> StoreResult<()> {
    let entry = Entry {
        action,
        resource: format!("gateway:{}", gateway.id),
        detail: serde_json::json!({ "version": gateway.version, "site": gateway.site_id.map(|site| site.to_string()) }),
    };
    audit::append(txn, cx, Chain::School(gateway.school_id), entry).await?;
    Ok(())
}
