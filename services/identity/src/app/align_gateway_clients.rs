//! Brings Keycloak in step with the gateways that are kept: what a call after a commit did not reach, and clients of gateways that
//! were never kept. Doing it twice does nothing the second time.

use auth::{Action, Context};
use runtime::Result;

use super::App;
use crate::store;

/// What was changed at Keycloak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Aligned {
    /// Active gateways whose client got no tokens.
    pub let_in: u64,
    /// Revoked or unknown ones whose client did.
    pub shut_out: u64,
}

/// See the module. `cx` is the service's own.
pub async fn align_gateway_clients(app: &App, cx: &Context) -> Result<Aligned> {
    cx.require_platform(Action::GatewayAlign)?;
    let mut aligned = Aligned::default();
    let Some(keycloak) = &app.keycloak else { return Ok(aligned) };
    for page in 0.. {
        let Some(clients) = keycloak.clients(page).await? else { break };
        // Read after Keycloak was, so that who was revoked meanwhile is not let in again.
        let ids = clients.iter().map(|client| client.gateway).collect();
        let active = store::gateway::active_among(app.database.reader(), ids).await?;
        for client in clients {
            match (active.contains(&client.gateway), client.is_let_in) {
                (true, false) => {
                    keycloak.let_in(client.gateway).await?;
                    aligned.let_in += 1;
                }
                (false, true) => {
                    keycloak.shut_out(client.gateway).await?;
                    aligned.shut_out += 1;
                }
                (true, true) | (false, false) => {}
            }
        }
    }
    Ok(aligned)
}
