//! identity, played.

use proto::identity::v1::{
    self as identity, contact_service_server::ContactService, gateway_service_server::GatewayService,
    organisation_service_server::OrganisationService,
};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

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

#[tonic::async_trait]
impl ContactService for Play {
    async fn list_contacts(&self, request: Request<identity::ListContactsRequest>) -> Answer<identity::ListContactsResponse> {
        let request = self.hear("list_contacts", request)?;
        let contacts = self.world().school_contacts.iter().filter(|contact| contact.school_id == request.school_id).cloned().collect();
        Ok(Response::new(identity::ListContactsResponse { contacts, next_page_token: String::new() }))
    }

    async fn get_contact(&self, request: Request<identity::GetContactRequest>) -> Answer<identity::Contact> {
        let request = self.hear("get_contact", request)?;
        let contact = self.world().school_contacts.iter().find(|contact| contact.contact_id == request.contact_id).cloned();
        contact.map(Response::new).ok_or_else(|| Status::not_found("contact"))
    }

    async fn create_contact(&self, request: Request<identity::CreateContactRequest>) -> Answer<identity::Contact> {
        let request = self.hear("create_contact", request)?;
        diallable(&request.name, &request.phone)?;
        let contact = identity::Contact {
            contact_id: request.request_id,
            school_id: request.school_id,
            name: request.name,
            phone: request.phone,
            out_of_hours: request.out_of_hours,
            etag: "etag-1".to_owned(),
        };
        self.world().school_contacts.push(contact.clone());
        Ok(Response::new(contact))
    }

    async fn update_contact(&self, request: Request<identity::UpdateContactRequest>) -> Answer<identity::Contact> {
        let request = self.hear("update_contact", request)?;
        diallable(&request.name, &request.phone)?;
        let mut world = self.world();
        let contact = world.school_contacts.iter_mut().find(|contact| contact.contact_id == request.contact_id);
        let contact = contact.ok_or_else(|| Status::not_found("contact"))?;
        if contact.etag != request.etag {
            return Err(Status::aborted("changed meanwhile"));
        }
        (contact.name, contact.phone, contact.out_of_hours) = (request.name, request.phone, request.out_of_hours);
        contact.etag.push('+');
        Ok(Response::new(contact.clone()))
    }

    async fn delete_contact(&self, request: Request<identity::DeleteContactRequest>) -> Answer<()> {
        let request = self.hear("delete_contact", request)?;
        let mut world = self.world();
        let position = world.school_contacts.iter().position(|contact| contact.contact_id == request.contact_id);
        let position = position.ok_or_else(|| Status::not_found("contact"))?;
        if world.school_contacts[position].etag != request.etag {
            return Err(Status::aborted("changed meanwhile"));
        }
        world.school_contacts.remove(position);
        Ok(Response::new(()))
    }
}

/// Names each field that identity would refuse, roughly.
fn diallable(name: &str, phone: &str) -> Result<(), Status> {
    let mut details = ErrorDetails::new();
    if name.is_empty() {
        details.add_bad_request_violation("name", "write at least one word");
    }
    if !phone.contains(|character: char| character.is_ascii_digit()) {
        details.add_bad_request_violation("phone", "give a number");
    }
    if details.has_bad_request_violations() {
        return Err(Status::with_error_details(Code::InvalidArgument, "invalid", details));
    }
    Ok(())
}
