//! `schildwacht.identity.v1.VendorService`.

use proto::identity::v1::{
    CreateVendorRequest, GetVendorRequest, RegisterVendorRequest, RegisterVendorResponse, UpdateVendorRequest, Vendor,
    vendor_service_server::VendorService,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{App, CreateVendor, UpdateVendor, create_vendor, get_vendor, register_vendor, update_vendor},
    domain::VendorDetails,
};

#[tonic::async_trait]
impl VendorService for App {
    async fn get_vendor(&self, request: Request<GetVendorRequest>) -> Result<Response<Vendor>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("vendor_id", &asked.vendor_id))?;
        Ok(Response::new((&get_vendor(self, &cx, id).await?).into()))
    }

    async fn create_vendor(&self, request: Request<CreateVendorRequest>) -> Result<Response<Vendor>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new((&create_vendor(self, &cx, asked).await?).into()))
    }

    async fn register_vendor(&self, request: Request<RegisterVendorRequest>) -> Result<Response<RegisterVendorResponse>, Status> {
        let (cx, asked): (_, CreateVendor) = auth::asked_with(request, |fields, asked: RegisterVendorRequest| {
            new_vendor(fields, &asked.enterprise_number, [&asked.name, &asked.domain, &asked.security_contact], &asked.request_id)
        })?;
        let security_contact = asked.details.security_contact.to_string();
        register_vendor(self, &cx, asked).await?;
        Ok(Response::new(RegisterVendorResponse { security_contact }))
    }

    async fn update_vendor(&self, request: Request<UpdateVendorRequest>) -> Result<Response<Vendor>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new((&update_vendor(self, &cx, asked).await?).into()))
    }
}

impl TryFrom<CreateVendorRequest> for CreateVendor {
    type Error = Error;

    fn try_from(request: CreateVendorRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let details: [&str; 3] = [&request.name, &request.domain, &request.security_contact];
        let vendor = new_vendor(&mut fields, &request.enterprise_number, details, &request.request_id);
        fields.finish(vendor)
    }
}

impl TryFrom<UpdateVendorRequest> for UpdateVendor {
    type Error = Error;

    fn try_from(request: UpdateVendorRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let vendor_id = fields.id("vendor_id", &request.vendor_id);
        let details = details(&mut fields, [&request.name, &request.domain, &request.security_contact]);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { vendor_id: vendor_id?, details: details?, etag: etag? }))
    }
}

fn new_vendor(fields: &mut Violations, number: &str, texts: [&str; 3], request_id: &str) -> Option<CreateVendor> {
    let number = fields.text("enterprise_number", number);
    let details = details(fields, texts);
    let request_id = fields.request_id(request_id);
    Some(CreateVendor { number: number?, details: details?, request_id })
}

fn details(fields: &mut Violations, [name, domain, security_contact]: [&str; 3]) -> Option<VendorDetails> {
    let name = fields.text("name", name);
    let domain = fields.text("domain", domain);
    let security_contact = fields.text("security_contact", security_contact);
    Some(VendorDetails { name: name?, domain: domain?, security_contact: security_contact? })
}
