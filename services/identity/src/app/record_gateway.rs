//! The audit row of a change to a gateway, in the transaction of the change.

use auth::{Action, Context};
use runtime::AuditId;
use storage::{
    StoreResult, Txn,
    audit::{self, Chain, Entry},
};

use crate::domain::Gateway;

pub async fn record_gateway(txn: &Txn, cx: &Context, action: Action, gateway: &Gateway) -> StoreResult<()> {
    let entry = Entry {
        id: cx.ids.next::<AuditId>(),
        at: cx.clock.now(),
        actor: cx.actor(),
        action: action.name(),
        resource: format!("gateway:{}", gateway.id),
        detail: serde_json::json!({ "version": gateway.version, "site": gateway.site_id.map(|site| site.to_string()) }),
    };
    audit::append(txn, Chain::School(gateway.school_id), entry).await?;
    Ok(())
}
