//! The contacts of a school: whom the response team calls.

mod page;
mod words;

use auth::Action;
use axum::{extract::Path, response::Response};
use http::StatusCode;
use portal_frame::{
    Failure, Fields, Posted, Problem, Visit,
    answer::Unreadable,
    respond::{page, page_with_status},
    school::{school, school_id},
    upstream::Calls,
};
use proto::identity::v1 as wire;
use runtime::SchoolId;

use self::page::{Contact, Problems, Written};
pub(crate) use self::{
    page::{ContactPage, ContactsPage},
    words::ContactWords,
};
use crate::messages;

/// Where the menu finds these pages.
pub(crate) fn place(school: SchoolId) -> String {
    format!("/scholen/{school}/contacten")
}

/// `GET /scholen/{school}/contacten`.
pub(crate) async fn list(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = school_id(&id)?;
    let calls = visit.calls();
    let contacts = async {
        let request = wire::ListContactsRequest { school_id: id.to_string(), ..Default::default() };
        Ok(calls.contacts().list_contacts(request).await?.into_inner().contacts)
    };
    let (school, contacts, mut frame) = tokio::try_join!(school(&calls, id), contacts, visit.frame(place(id)))?;
    frame.about_school(id, &school.name);
    let contacts = contacts.into_iter().map(Contact::try_from).collect::<Result<_, Unreadable>>()?;
    page(&ContactsPage { frame, school, contacts, may_edit: visit.visitor().may(Action::ContactEdit, id) })
}

/// `GET /scholen/{school}/contacten/nieuw`.
pub(crate) async fn add_form(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    page(&contact_page(&visit, school_to_edit(&visit, &id)?, None, Written::default()).await?)
}

/// `POST /scholen/{school}/contacten/nieuw`.
pub(crate) async fn add(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let id = school_to_edit(&visit, &id)?;
    let written = Written::of(&fields);
    let request = wire::CreateContactRequest {
        school_id: id.to_string(),
        name: written.name.clone(),
        phone: written.phone.clone(),
        out_of_hours: written.out_of_hours,
        request_id: fields.text("verzoek").to_owned(),
    };
    match visit.calls().contacts().create_contact(request).await {
        Ok(_) => Ok(visit.done(messages::CONTACT_ADDED, &place(id))),
        Err(status) => again(contact_page(&visit, id, None, written).await?, status),
    }
}

/// `GET /scholen/{school}/contacten/{contact}`: changing and removing.
pub(crate) async fn edit_form(visit: Visit, Path((id, contact)): Path<(String, String)>) -> Result<Response, Failure> {
    let id = school_to_edit(&visit, &id)?;
    let contact = contact_of(&visit.calls(), id, contact).await?;
    let written = contact.written.clone();
    page(&contact_page(&visit, id, Some(contact), written).await?)
}

/// `POST /scholen/{school}/contacten/{contact}`.
pub(crate) async fn edit(Path((id, contact)): Path<(String, String)>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let id = school_to_edit(&visit, &id)?;
    let written = Written::of(&fields);
    let request = wire::UpdateContactRequest {
        contact_id: contact.clone(),
        name: written.name.clone(),
        phone: written.phone.clone(),
        out_of_hours: written.out_of_hours,
        etag: fields.text("etag").to_owned(),
    };
    match visit.calls().contacts().update_contact(request).await {
        Ok(_) => Ok(visit.done(messages::CONTACT_CHANGED, &place(id))),
        Err(status) => {
            let contact = contact_of(&visit.calls(), id, contact).await?;
            again(contact_page(&visit, id, Some(contact), written).await?, status)
        }
    }
}

/// `POST /scholen/{school}/contacten/{contact}/verwijderen`.
pub(crate) async fn remove(Path((id, contact)): Path<(String, String)>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let id = school_to_edit(&visit, &id)?;
    let request = wire::DeleteContactRequest { contact_id: contact.clone(), etag: fields.text("etag").to_owned() };
    match visit.calls().contacts().delete_contact(request).await {
        Ok(_) => Ok(visit.done(messages::CONTACT_REMOVED, &place(id))),
        Err(status) => {
            let contact = contact_of(&visit.calls(), id, contact).await?;
            let written = contact.written.clone();
            again(contact_page(&visit, id, Some(contact), written).await?, status)
        }
    }
}

/// The form with what was written and what to correct, or the failure that no form can correct.
fn again(form: ContactPage, status: tonic::Status) -> Result<Response, Failure> {
    let has_changed = Failure::is_conflict(&status);
    let problems = Problems { name: Failure::refuses(&status, "name"), phone: Failure::refuses(&status, "phone"), has_changed };
    if problems == Problems::default() {
        return Err(status.into());
    }
    let code = if has_changed { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    page_with_status(code, &ContactPage { problems, ..form })
}

async fn contact_page(visit: &Visit, id: SchoolId, contact: Option<Contact>, written: Written) -> Result<ContactPage, Failure> {
    let calls = visit.calls();
    let (school, mut frame) = tokio::try_join!(school(&calls, id), visit.frame(place(id)))?;
    frame.about_school(id, &school.name);
    Ok(ContactPage { frame, school, contact, written, problems: Problems::default(), request_id: visit.new_request_id() })
}

fn school_to_edit(visit: &Visit, id: &str) -> Result<SchoolId, Failure> {
    let id = school_id(id)?;
    if visit.visitor().may(Action::ContactEdit, id) { Ok(id) } else { Err(Failure::Problem(Problem::Denied)) }
}

/// A contact of this school.
async fn contact_of(calls: &Calls, school: SchoolId, contact_id: String) -> Result<Contact, Failure> {
    let contact = calls.contacts().get_contact(wire::GetContactRequest { contact_id }).await?.into_inner();
    if contact.school_id == school.to_string() { Ok(contact.try_into()?) } else { Err(Failure::Problem(Problem::NotFound)) }
}

impl Written {
    fn of(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self { name: text("naam"), phone: text("telefoon"), out_of_hours: fields.given("buiten-de-uren").is_some() }
    }
}
