//! What happens by itself.

use std::{convert::Infallible, time::Duration};

use auth::Context;
use runtime::Shutdown;

use crate::app::{Aligned, App, align_gateway_clients};

/// Between looking at all clients, when nothing is known to be wrong.
const NOW_AND_THEN: Duration = Duration::from_secs(15 * 60);
/// After a change that Keycloak did not hear of, and after a failure to tell it.
const SOON: Duration = Duration::from_secs(5);

/// Keeps Keycloak in step with the gateways: soon after the start, now and then, and soon after it did not hear of a change.
/// With several replicas each does it; the second finds nothing left. `cx` is the service's own.
pub async fn keep_in_step(app: App, cx: Context, shutdown: Shutdown) -> Result<(), Infallible> {
    while shutdown.sleep(SOON).await {
        match align_gateway_clients(&app, &cx).await {
            Ok(aligned) => tell(aligned),
            Err(error) => {
                tracing::warn!(name: "gateway.clients_not_aligned", error = %error.chain(), "keycloak not asked, will retry");
                continue;
            }
        }
        let waited = async { tokio::time::timeout(NOW_AND_THEN, app.is_out_of_step()).await };
        if shutdown.or_stop(waited).await.is_none() {
            break;
        }
    }
    Ok(())
}

fn tell(aligned: Aligned) {
    let Aligned { let_in, shut_out, without_client } = aligned;
    if let_in + shut_out > 0 {
        tracing::info!(name: "gateway.clients_aligned", let_in, shut_out, "keycloak is in step with the gateways again");
    }
    if without_client > 0 {
        let advice = "keycloak has no client of some active gateways, which get no tokens; enrol others in their place";
        tracing::warn!(name: "gateway.clients_missing", without_client, "{advice}");
    }
}
