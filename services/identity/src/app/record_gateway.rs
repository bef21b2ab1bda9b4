//! Records a change of a gateway, in the transaction of the change: the directory entry for telemetry-ingest, and the audit row.

use auth::{Action, Context};
use events::{Topic, outbox};
use runtime::Result;
use storage::{
    Txn,
    audit::{self, Chain, Entry},
};

use crate::{
    domain::{Gateway, GatewayChange},
    outbound::gateway_entry,
};

pub async fn record_gateway(txn: &Txn, cx: &Context, gateway: &Gateway, change: GatewayChange) -> Result<()> {
    // Who may post for which school stays the same with another secret, and no other service knows secrets.
    if change != GatewayChange::SecretRotated {
        outbox::add(txn, Topic::Gateway, gateway_entry(cx, gateway)).await?;
    }
    let entry = Entry {
        action: action_of(change),
        resource: format!("gateway:{}", gateway.id),
        detail: serde_json::json!({ "version": gateway.version, "site": gateway.site_id.map(|site| site.to_string()) }),
    };
    audit::append(txn, cx, Chain::School(gateway.school_id), entry).await?;
    Ok(())
}

pub const fn action_of(change: GatewayChange) -> Action {
    match change {
        GatewayChange::Enrolled => Action::GatewayEnrol,
        GatewayChange::SecretRotated => Action::GatewayRotate,
        GatewayChange::Revoked => Action::GatewayRevoke,
    }
}
