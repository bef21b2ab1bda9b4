//! Shows a gateway.

use auth::{Action, Context};
use runtime::{Error, GatewayId, Result};

use super::App;
use crate::{domain::Gateway, store};

/// `NotFound` also when the caller may not see it.
pub async fn get_gateway(app: &App, cx: &Context, id: GatewayId) -> Result<Gateway> {
    let scope = cx.scope(Action::GatewayRead)?;
    store::gateway::find(app.database.reader(), &scope, id).await?.ok_or_else(|| Error::not_found("gateway"))
}
