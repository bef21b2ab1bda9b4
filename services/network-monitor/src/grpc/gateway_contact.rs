//! `schildwacht.network_monitor.v1.GatewayContactService`.

use auth::Context;
use proto::network_monitor::v1::{
    ListGatewayContactsRequest, ListGatewayContactsResponse,
    gateway_contact_service_server::{GatewayContactService, GatewayContactServiceServer},
};
use runtime::{GatewayId, Violations};
use tonic::{Request, Response, Status};

use crate::app::{App, MOST_GATEWAYS, list_gateway_contacts};

/// The RPC of contacts.
pub struct GatewayContactApi {
    app: App,
}

impl GatewayContactApi {
    /// Over these use cases.
    pub fn new(app: App) -> GatewayContactServiceServer<Self> {
        GatewayContactServiceServer::new(Self { app })
    }
}

#[tonic::async_trait]
impl GatewayContactService for GatewayContactApi {
    async fn list_gateway_contacts(
        &self,
        request: Request<ListGatewayContactsRequest>,
    ) -> Result<Response<ListGatewayContactsResponse>, Status> {
        let cx = Context::of(&request)?;
        let gateways = gateways_of(&request.into_inner())?;
        let contacts = list_gateway_contacts(&self.app, &cx, &gateways).await?;
        Ok(Response::new(ListGatewayContactsResponse { contacts: contacts.into_iter().map(Into::into).collect() }))
    }
}

fn gateways_of(request: &ListGatewayContactsRequest) -> runtime::Result<Vec<GatewayId>> {
    let mut fields = Violations::default();
    if request.gateway_ids.len() > MOST_GATEWAYS {
        fields.complain("gateway_ids", format!("at most {MOST_GATEWAYS} are asked for at once"));
    }
    let gateways = request.gateway_ids.iter().take(MOST_GATEWAYS).enumerate();
    let gateways: Option<Vec<GatewayId>> = gateways.map(|(index, id)| fields.id(format!("gateway_ids[{index}]"), id)).collect();
    fields.finish(gateways)
}
