//! Lists gateways, oldest first.

use auth::{Action, Context};
use runtime::{Result, SchoolId};
use serde::Serialize;
use storage::{Page, PageRequest, Paging};

use super::App;
use crate::{domain::Gateway, store};

/// A page of gateways.
#[derive(Debug, Clone, Serialize)]
pub struct ListGateways {
    /// Of this school; of all the caller may see when not said.
    pub school_id: Option<SchoolId>,
    /// Revoked ones too.
    pub include_revoked: bool,
    /// Which page.
    pub page: PageRequest,
}

/// Those within the caller's scope.
pub async fn list_gateways(app: &App, cx: &Context, asked: ListGateways) -> Result<Page<Gateway>> {
    if let Some(school) = asked.school_id {
        cx.require(Action::GatewayRead, school)?;
    }
    let scope = cx.scope(Action::GatewayRead)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    Ok(store::gateway::list(app.database.reader(), &scope, asked.school_id, asked.include_revoked, &paging).await?)
}
