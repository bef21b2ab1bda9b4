//! `schildwacht.network_monitor.v1.GatewayContactService`.

use proto::network_monitor::v1::{
    ListGatewayContactsRequest, ListGatewayContactsResponse, gateway_contact_service_server::GatewayContactService,
};
use tonic::{Request, Response, Status};

use crate::app::{App, MOST_GATEWAYS, list_gateway_contacts};

#[tonic::async_trait]
impl GatewayContactService for App {
    async fn list_gateway_contacts(
        &self,
        request: Request<ListGatewayContactsRequest>,
    ) -> Result<Response<ListGatewayContactsResponse>, Status> {
        let (cx, gateways) = auth::asked_with(request, |fields, asked| fields.ids("gateway_ids", &asked.gateway_ids, MOST_GATEWAYS))?;
        let contacts = list_gateway_contacts(self, &cx, &gateways).await?;
        Ok(Response::new(ListGatewayContactsResponse { contacts: contacts.into_iter().map(Into::into).collect() }))
    }
}
