//! Brings Keycloak in step with the gateways that are kept: what a call after a commit did not reach, and clients of gateways that
//! were never kept. Doing it twice does nothing the second time.

use std::collections::BTreeSet;

use auth::{Action, Context, Resource};
use runtime::{GatewayId, Result};
use storage::Reach;

use super::App;
use crate::store;

/// What was changed at Keycloak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Aligned {
    /// Active gateways whose client got no tokens.
    pub let_in: u64,
    /// Revoked or unknown ones whose client did.
    pub shut_out: u64,
    /// Active gateways that have no client there, as after a realm was re-created. No secret of theirs is kept, so nobody but people can
    /// mend that: by enrolling others.
    pub without_client: u64,
}

/// Answers what it changed. `cx` is the service's own.
pub async fn align_gateway_clients(app: &App, cx: &Context) -> Result<Aligned> {
    cx.require(Action::GatewayAlign, Resource::Platform)?;
    let mut aligned = Aligned::default();
    let Some(keycloak) = &app.keycloak else { return Ok(aligned) };
    // Read before Keycloak is, so that who is enrolled meanwhile is not missed there.
    let reader = app.database.reader_within(Reach::Everything).await?;
    let mut without_client = store::gateway::active(&reader).await?;
    drop(reader);
    for page in 0.. {
        let Some(clients) = keycloak.clients(page).await? else { break };
        // Read after Keycloak was, so that who was revoked before is not let in again.
        let ids = clients.iter().map(|client| client.gateway).collect();
        let active = active_among(app, ids).await?;
        for client in clients {
            without_client.remove(&client.gateway);
            match (active.contains(&client.gateway), client.is_let_in) {
                (true, false) => {
                    keycloak.let_in(client.gateway).await?;
                    aligned.let_in += 1;
                    // Who was revoked while we asked was shut out before we let it in.
                    if active_among(app, vec![client.gateway]).await?.is_empty() {
                        keycloak.shut_out(client.gateway).await?;
                    }
                }
                (false, true) => {
                    keycloak.shut_out(client.gateway).await?;
                    aligned.shut_out += 1;
                }
                (true, true) | (false, false) => {}
            }
        }
    }
    // Who was revoked meanwhile needs none.
    aligned.without_client = active_among(app, without_client.into_iter().collect()).await?.len() as u64;
    app.metrics.gateways_without_client(aligned.without_client);
    Ok(aligned)
}

async fn active_among(app: &App, ids: Vec<GatewayId>) -> Result<BTreeSet<GatewayId>> {
    Ok(store::gateway::active_among(&app.database.reader_within(Reach::Everything).await?, ids).await?)
}
