//! When gateways were last heard.

use auth::{Action, Context};
use runtime::{GatewayId, Result};

use super::App;
use crate::{domain::contact::GatewayContact, store};

/// No page shows more.
pub const MOST_GATEWAYS: usize = 100;

/// Those of these gateways that the caller may see and that were ever heard.
pub async fn list_gateway_contacts(app: &App, cx: &Context, gateways: &[GatewayId]) -> Result<Vec<GatewayContact>> {
    let scope = cx.scope(Action::GatewayRead)?;
    Ok(store::contact::of_gateways(&app.database.reader_within(&scope).await?, &scope, gateways).await?)
}
