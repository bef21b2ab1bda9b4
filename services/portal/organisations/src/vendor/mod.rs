//! The form of a vendor: it enrols itself, an operator adds it, and its details change.

mod page;
mod words;

use auth::{Action, Resource};
use axum::{extract::Path, response::Response};
use http::StatusCode;
use portal_frame::{
    Failure, Fields, Posted, Problem, Visit,
    respond::{page, page_with_status},
};
use proto::identity::v1 as wire;
use runtime::VendorId;
use tonic::Status;

pub(crate) use self::page::VendorPage;
use self::page::{Problems, Written};
use crate::{enrolment::Subject, enrolments, messages};

/// Where a vendor enrols itself. Who does that has no other page yet.
const NEW: &str = "/leveranciers/nieuw";

/// `GET /leveranciers/nieuw`.
pub(crate) async fn new_form(visit: Visit) -> Result<Response, Failure> {
    let visitor = visit.visitor();
    let own = visitor.principal().person_id().map(Resource::Person);
    let may_register = own.is_some_and(|own| visitor.may(Action::VendorRegister, own));
    if !may_register && !visitor.may_everywhere(Action::VendorCreate) {
        return Err(Failure::Problem(Problem::Denied));
    }
    page(&new_page(&visit, Written::default(), Problems::default(), visit.new_request_id()).await?)
}

/// `POST /leveranciers/nieuw`: an operator adds it, anybody else enrols the vendor that they work for.
pub(crate) async fn add(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let written = Written::of(&fields);
    let request_id = fields.text("verzoek").to_owned();
    let Written { number, name, domain, contact, .. } = written.clone();
    let request =
        wire::CreateVendorRequest { enterprise_number: number, name, domain, security_contact: contact, request_id: request_id.clone() };
    let answer = if visit.visitor().may_everywhere(Action::VendorCreate) {
        let made = visit.calls().vendors().create_vendor(request).await;
        made.map(|made| visit.done(messages::VENDOR_ADDED, &format!("/leveranciers/{}", made.into_inner().vendor_id)))
    } else {
        let wire::CreateVendorRequest { enterprise_number, name, domain, security_contact, request_id } = request;
        let request = wire::RegisterVendorRequest { enterprise_number, name, domain, security_contact, request_id };
        visit.calls().vendors().register_vendor(request).await.map(|_| visit.done(messages::VENDOR_REGISTERED, NEW))
    };
    match answer {
        Ok(done) => Ok(done),
        Err(status) => {
            let (code, problems) = problems_of(status)?;
            page_with_status(code, &new_page(&visit, written, problems, request_id).await?)
        }
    }
}

/// `GET /leveranciers/{vendor}/gegevens`.
pub(crate) async fn edit_form(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let id = own_vendor(&visit, &id)?;
    let vendor = visit.calls().vendors().get_vendor(wire::GetVendorRequest { vendor_id: id.to_string() }).await?.into_inner();
    page(&edit_page(&visit, id, vendor.into(), Problems::default()).await?)
}

/// `POST /leveranciers/{vendor}/gegevens`.
pub(crate) async fn edit(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let id = own_vendor(&visit, &id)?;
    let written = Written::of(&fields);
    let Written { name, domain, contact, etag, .. } = written.clone();
    let request = wire::UpdateVendorRequest { vendor_id: id.to_string(), name, domain, security_contact: contact, etag };
    match visit.calls().vendors().update_vendor(request).await {
        Ok(_) => Ok(visit.done(messages::VENDOR_CHANGED, &Subject::Vendor(id).place())),
        Err(status) => {
            let (code, problems) = problems_of(status)?;
            page_with_status(code, &edit_page(&visit, id, written, problems).await?)
        }
    }
}

/// A vendor whose details the visitor may change.
fn own_vendor(visit: &Visit, id: &str) -> Result<VendorId, Failure> {
    let id = Subject::vendor(id)?;
    if visit.visitor().may(Action::VendorEdit, id) { Ok(id) } else { Err(Failure::Problem(Problem::NotFound)) }
}

/// What to correct, or the failure that no form can correct.
fn problems_of(status: Status) -> Result<(StatusCode, Problems), Failure> {
    let refuses = |field| Failure::refuses(&status, field);
    let problems = Problems {
        number: refuses("enterprise_number"),
        name: refuses("name"),
        domain: refuses("domain"),
        contact: refuses("security_contact"),
        is_taken: Failure::has_reason(&status, "enterprise_number_taken"),
        too_many: Failure::has_reason(&status, "too_many_registrations"),
        too_many_letters: Failure::has_reason(&status, "too_many_letters"),
        has_changed: Failure::is_conflict(&status),
    };
    if problems == Problems::default() {
        return Err(status.into());
    }
    let code = if problems.refuses_all() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    Ok((code, problems))
}

async fn new_page(visit: &Visit, written: Written, problems: Problems, request_id: String) -> Result<VendorPage, Failure> {
    let registers = !visit.visitor().may_everywhere(Action::VendorCreate);
    let place = if registers { NEW } else { enrolments::PLACE };
    Ok(VendorPage { frame: visit.frame(place).await?, vendor: None, registers, written, problems, request_id })
}

async fn edit_page(visit: &Visit, id: VendorId, written: Written, problems: Problems) -> Result<VendorPage, Failure> {
    let frame = visit.frame(Subject::Vendor(id).place()).await?;
    Ok(VendorPage { frame, vendor: Some(Subject::Vendor(id)), registers: false, written, problems, request_id: String::new() })
}

impl Written {
    fn of(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self { number: text("nummer"), name: text("naam"), domain: text("domein"), contact: text("mail"), etag: text("etag") }
    }
}
