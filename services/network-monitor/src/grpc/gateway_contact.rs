//! `schildwacht.network_monitor.v1.GatewayContactService`.

use auth::Context;
use proto::network_monitor::v1::{
    ListGatewayContactsRequest, ListGatewayContactsResponse,
    gateway_contact_service_server::{GatewayContactService, GatewayContactServiceServer},
};
use runtime::Violations;
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
        let mut fields = Violations::default();
        let gateways = fields.ids("gateway_ids", &request.into_inner().gateway_ids, MOST_GATEWAYS);
        let gateways = fields.finish(gateways)?;
        let contacts = list_gateway_contacts(&self.app, &cx, &gateways).await?;
        Ok(Response::new(ListGatewayContactsResponse { contacts: contacts.into_iter().map(Into::into).collect() }))
    }
}
