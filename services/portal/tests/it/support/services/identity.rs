//! identity, played.

use proto::identity::v1::{self as identity, gateway_service_server::GatewayService, organisation_service_server::OrganisationService};
use tonic::{Request, Response, Status};

use super::{Answer, Messages, Play, paged};
use crate::support::world::wire;

#[tonic::async_trait]
impl OrganisationService for Play {
    type ImportOrganisationsStream = Messages<identity::ImportOrganisationsResponse>;

    async fn import_organisations(
        &self,
        _request: Request<tonic::Streaming<identity::ImportOrganisationsRequest>>,
    ) -> Answer<Self::ImportOrganisationsStream> {
        Err(Status::unimplemented("the portal imports nothing"))
    }

    async fn get_school(&self, request: Request<identity::GetSchoolRequest>) -> Answer<identity::School> {
        let request = self.hear("get_school", request)?;
        let world = self.world();
        let school = world.schools.iter().find(|school| school.school_id == request.school_id);
        school.cloned().map(Response::new).ok_or_else(|| Status::not_found("school"))
    }

    async fn list_schools(&self, request: Request<identity::ListSchoolsRequest>) -> Answer<identity::ListSchoolsResponse> {
        let request = self.hear("list_schools", request)?;
        let world = self.world();
        let wanted = request.query.to_lowercase();
        let schools: Vec<identity::School> = (world.schools.iter())
            .filter(|school| wanted.is_empty() || school.name.to_lowercase().contains(&wanted))
            .filter(|school| request.school_ids.is_empty() || request.school_ids.contains(&school.school_id))
            .cloned()
            .collect();
        let total_size = i64::try_from(schools.len()).unwrap();
        let (schools, next_page_token) = paged(&schools, request.page_size, &request.page_token);
        Ok(Response::new(identity::ListSchoolsResponse { schools, next_page_token, total_size }))
    }
}

#[tonic::async_trait]
impl GatewayService for Play {
    async fn enrol_gateway(&self, request: Request<identity::EnrolGatewayRequest>) -> Answer<identity::EnrolGatewayResponse> {
        let request = self.hear("enrol_gateway", request)?;
        let mut world = self.world();
        if let Some(known) = world.gateways.iter().find(|gateway| gateway.etag == request.request_id) {
            return Ok(Response::new(identity::EnrolGatewayResponse { gateway: Some(known.clone()), client_secret: String::new() }));
        }
        let gateway = identity::Gateway {
            gateway_id: "0190c0de-0000-7000-8000-0000000000e9".to_owned(),
            client_id: "gateway-0190c0de-0000-7000-8000-0000000000e9".to_owned(),
            school_id: request.school_id,
            site_id: request.site_id,
            name: request.name,
            state: identity::GatewayState::Active.into(),
            create_time: wire(self.clock.now()),
            secret_time: wire(self.clock.now()),
            etag: request.request_id,
            ..identity::Gateway::default()
        };
        world.gateways.push(gateway.clone());
        let client_secret = "q7Zr-a-made-up-secret-8Vt2".to_owned();
        Ok(Response::new(identity::EnrolGatewayResponse { gateway: Some(gateway), client_secret }))
    }

    async fn get_gateway(&self, request: Request<identity::GetGatewayRequest>) -> Answer<identity::Gateway> {
        let request = self.hear("get_gateway", request)?;
        let world = self.world();
        let gateway = world.gateways.iter().find(|gateway| gateway.gateway_id == request.gateway_id);
        gateway.cloned().map(Response::new).ok_or_else(|| Status::not_found("gateway"))
    }

    async fn list_gateways(&self, request: Request<identity::ListGatewaysRequest>) -> Answer<identity::ListGatewaysResponse> {
        let request = self.hear("list_gateways", request)?;
        let world = self.world();
        let revoked = i32::from(identity::GatewayState::Revoked);
        let gateways: Vec<identity::Gateway> =
            world.gateways.iter().filter(|gateway| request.include_revoked || gateway.state != revoked).cloned().collect();
        let (gateways, next_page_token) = paged(&gateways, request.page_size, &request.page_token);
        Ok(Response::new(identity::ListGatewaysResponse { gateways, next_page_token }))
    }

    async fn rotate_gateway_secret(
        &self,
        request: Request<identity::RotateGatewaySecretRequest>,
    ) -> Answer<identity::RotateGatewaySecretResponse> {
        let request = self.hear("rotate_gateway_secret", request)?;
        let mut world = self.world();
        let gateway = world.gateways.iter_mut().find(|gateway| gateway.gateway_id == request.gateway_id);
        let gateway = gateway.ok_or_else(|| Status::not_found("gateway"))?;
        if gateway.etag != request.etag {
            return Err(Status::aborted("changed meanwhile"));
        }
        gateway.etag.push('+');
        let client_secret = "n3w-made-up-secret-5Lq9".to_owned();
        Ok(Response::new(identity::RotateGatewaySecretResponse { gateway: Some(gateway.clone()), client_secret }))
    }

    async fn revoke_gateway(&self, request: Request<identity::RevokeGatewayRequest>) -> Answer<identity::Gateway> {
        let request = self.hear("revoke_gateway", request)?;
        let mut world = self.world();
        let gateway = world.gateways.iter_mut().find(|gateway| gateway.gateway_id == request.gateway_id);
        let gateway = gateway.ok_or_else(|| Status::not_found("gateway"))?;
        if gateway.etag != request.etag {
            return Err(Status::aborted("changed meanwhile"));
        }
        gateway.state = identity::GatewayState::Revoked.into();
        gateway.revoke_reason = request.reason;
        Ok(Response::new(gateway.clone()))
    }
}
