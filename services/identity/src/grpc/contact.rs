//! `schildwacht.identity.v1.ContactService`.

use proto::identity::v1::{
    Contact, CreateContactRequest, DeleteContactRequest, GetContactRequest, ListContactsRequest, ListContactsResponse,
    UpdateContactRequest, contact_service_server::ContactService,
};
use runtime::{Error, Violations};
use tonic::{Request, Response, Status};

use crate::{
    app::{
        App, CreateContact, DeleteContact, ListContacts, UpdateContact, create_contact, delete_contact, get_contact, list_contacts,
        update_contact,
    },
    domain::ContactDetails,
};

#[tonic::async_trait]
impl ContactService for App {
    async fn list_contacts(&self, request: Request<ListContactsRequest>) -> Result<Response<ListContactsResponse>, Status> {
        let (cx, asked) = auth::asked(request)?;
        let page = list_contacts(self, &cx, asked).await?;
        let contacts = page.rows.iter().map(Into::into).collect();
        Ok(Response::new(ListContactsResponse { contacts, next_page_token: page.next_page_token }))
    }

    async fn get_contact(&self, request: Request<GetContactRequest>) -> Result<Response<Contact>, Status> {
        let (cx, id) = auth::asked_with(request, |fields, asked| fields.id("contact_id", &asked.contact_id))?;
        Ok(Response::new((&get_contact(self, &cx, id).await?).into()))
    }

    async fn create_contact(&self, request: Request<CreateContactRequest>) -> Result<Response<Contact>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new((&create_contact(self, &cx, asked).await?).into()))
    }

    async fn update_contact(&self, request: Request<UpdateContactRequest>) -> Result<Response<Contact>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new((&update_contact(self, &cx, asked).await?).into()))
    }

    async fn delete_contact(&self, request: Request<DeleteContactRequest>) -> Result<Response<()>, Status> {
        let (cx, asked) = auth::asked(request)?;
        Ok(Response::new(delete_contact(self, &cx, asked).await?))
    }
}

impl TryFrom<ListContactsRequest> for ListContacts {
    type Error = Error;

    fn try_from(request: ListContactsRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school_id = fields.id("school_id", &request.school_id);
        fields.build(|| Some(Self { school_id: school_id?, page: (request.page_size, request.page_token).into() }))
    }
}

impl TryFrom<CreateContactRequest> for CreateContact {
    type Error = Error;

    fn try_from(request: CreateContactRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let school_id = fields.id("school_id", &request.school_id);
        let details = details(&mut fields, &request.name, &request.phone, request.out_of_hours);
        let request_id = fields.request_id(&request.request_id);
        fields.build(|| Some(Self { school_id: school_id?, details: details?, request_id }))
    }
}

impl TryFrom<UpdateContactRequest> for UpdateContact {
    type Error = Error;

    fn try_from(request: UpdateContactRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let contact_id = fields.id("contact_id", &request.contact_id);
        let details = details(&mut fields, &request.name, &request.phone, request.out_of_hours);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { contact_id: contact_id?, details: details?, etag: etag? }))
    }
}

impl TryFrom<DeleteContactRequest> for DeleteContact {
    type Error = Error;

    fn try_from(request: DeleteContactRequest) -> Result<Self, Error> {
        let mut fields = Violations::default();
        let contact_id = fields.id("contact_id", &request.contact_id);
        let etag = fields.etag(&request.etag);
        fields.build(|| Some(Self { contact_id: contact_id?, etag: etag? }))
    }
}

fn details(fields: &mut Violations, name: &str, phone: &str, out_of_hours: bool) -> Option<ContactDetails> {
    let name = fields.text("name", name);
    let phone = fields.text("phone", phone);
    Some(ContactDetails { name: name?, phone: phone?, out_of_hours })
}
