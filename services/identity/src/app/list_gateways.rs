//! Lists gateways, oldest first.

use auth::{Action, Context};
use runtime::{GatewayId, Result, SchoolId};
use storage::{PageSize, decode_page_token, encode_page_token};

use super::App;
use crate::{
    domain::Gateway,
    store::{self, gateway::Filter},
};

/// Which gateways.
#[derive(Debug, Clone)]
pub struct ListGateways {
    /// Of this school; of all the caller may see when not said.
    pub school_id: Option<SchoolId>,
    /// Revoked ones too.
    pub include_revoked: bool,
    /// As in the request.
    pub page_size: i32,
    /// As in the request.
    pub page_token: String,
}

/// Some of the gateways.
#[derive(Debug, Clone)]
pub struct GatewayPage {
    /// In order.
    pub gateways: Vec<Gateway>,
    /// Empty at the end.
    pub next_page_token: String,
}

/// One page of them.
pub async fn list_gateways(app: &App, cx: &Context, asked: ListGateways) -> Result<GatewayPage> {
    if let Some(school) = asked.school_id {
        cx.require(Action::GatewayRead, school)?;
    }
    let scope = cx.scope(Action::GatewayRead)?;
    let size = PageSize::from_request(asked.page_size)?;
    let question = ("gateways", asked.school_id, asked.include_revoked);
    let after: Option<GatewayId> = decode_page_token(&question, &asked.page_token)?;

    let filter = Filter { scope, school: asked.school_id, include_revoked: asked.include_revoked };
    let mut gateways = store::gateway::list(app.database.reader(), &filter, after, size.with_peek()).await?;
    let has_more = size.cut(&mut gateways);
    let next_page_token = match gateways.last() {
        Some(last) if has_more => encode_page_token(&question, &last.id)?,
        _ => String::new(),
    };
    Ok(GatewayPage { gateways, next_page_token })
}
