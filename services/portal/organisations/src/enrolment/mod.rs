//! How far one school or vendor is proven: what is missing and what to do, for its own people and for the ministry.

mod page;
mod refusal;
mod subject;
mod view;
mod words;

use auth::Action;
use axum::{extract::Path, response::Response};
use http::StatusCode;
use portal_frame::{
    Failure, Fields, Posted, Visit,
    answer::WireEnum as _,
    language::{day_of, end_of},
    respond::{page, page_with_status},
    school::school_id,
};
use proto::{identity::v1 as wire, time::timestamp};
use tonic::Status;

pub(crate) use self::{
    page::EnrolmentPage,
    subject::{Subject, level_icon, level_tone, level_words},
    words::EnrolmentWords,
};
use self::{
    page::{Problems, VendorDetails, Written},
    refusal::Refusal,
    view::Details,
};
use crate::{enrolments, messages};

/// `GET /scholen/{school}/controles`.
pub(crate) async fn of_school(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    page(&enrolment_page(&visit, Subject::School(school_id(&id)?), Written::default(), Problems::default()).await?)
}

/// `GET /leveranciers/{vendor}`.
pub(crate) async fn of_vendor(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    page(&enrolment_page(&visit, Subject::Vendor(Subject::vendor(&id)?), Written::default(), Problems::default()).await?)
}

/// `POST /scholen/{school}/controles/bevestigen`.
pub(crate) async fn confirm(Path(id): Path<String>, Posted { visit, .. }: Posted) -> Result<Response, Failure> {
    let school = school_id(&id)?;
    let request = wire::ConfirmSchoolRequest { school_id: school.to_string() };
    let answer = visit.calls().enrolments().confirm_school(request).await;
    done(&visit, Subject::School(school), answer.map(drop), messages::SCHOOL_CONFIRMED).await
}

/// `POST /leveranciers/{vendor}/record`.
pub(crate) async fn issue(Path(id): Path<String>, Posted { visit, .. }: Posted) -> Result<Response, Failure> {
    let vendor = Subject::vendor(&id)?;
    let request = wire::IssueDomainProofRequest { vendor_id: vendor.to_string() };
    let answer = visit.calls().enrolments().issue_domain_proof(request).await;
    done(&visit, Subject::Vendor(vendor), answer.map(drop), messages::RECORD_ISSUED).await
}

/// `POST /leveranciers/{vendor}/kijken`.
pub(crate) async fn look(Path(id): Path<String>, Posted { visit, .. }: Posted) -> Result<Response, Failure> {
    let vendor = Subject::vendor(&id)?;
    let request = wire::CheckDomainRequest { vendor_id: vendor.to_string() };
    let answer = visit.calls().enrolments().check_domain(request).await;
    done(&visit, Subject::Vendor(vendor), answer.map(drop), messages::DOMAIN_LOOKED_AT).await
}

/// `POST /leveranciers/{vendor}/kbo`.
pub(crate) async fn check_company(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let subject = Subject::Vendor(Subject::vendor(&id)?);
    let written = Written::of(&fields);
    let request = wire::CheckCompanyRequest {
        vendor_id: id,
        outcome: wire::CheckOutcome::from_code(fields.text("kbo")).unwrap_or_default().into(),
        reason: written.company_reason.clone(),
        etag: fields.text("etag").to_owned(),
    };
    match visit.calls().enrolments().check_company(request).await {
        Ok(_) => Ok(visit.done(messages::COMPANY_CHECKED, &subject.place())),
        Err(status) => {
            let problems = Problems { company_reason: Failure::refuses(&status, "reason"), ..Problems::default() };
            again(&visit, subject, status, written, problems).await
        }
    }
}

/// `POST /scholen/{school}/controles/uitzonderingen`.
pub(crate) async fn propose_of_school(Path(id): Path<String>, posted: Posted) -> Result<Response, Failure> {
    propose(Subject::School(school_id(&id)?), posted).await
}

/// `POST /leveranciers/{vendor}/uitzonderingen`.
pub(crate) async fn propose_of_vendor(Path(id): Path<String>, posted: Posted) -> Result<Response, Failure> {
    propose(Subject::Vendor(Subject::vendor(&id)?), posted).await
}

async fn propose(subject: Subject, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let written = Written::of(&fields);
    let Some(end) = day_of(&written.day).and_then(end_of) else {
        let problems = Problems { day: true, ..Problems::default() };
        return page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &enrolment_page(&visit, subject, written, problems).await?);
    };
    let request = wire::ProposeOverrideRequest {
        organisation: subject.to_override(),
        kind: wire::CheckKind::from_code(&written.kind).unwrap_or_default().into(),
        reason: written.reason.clone(),
        end_time: Some(timestamp(end)),
    };
    match visit.calls().enrolments().propose_override(request).await {
        Ok(_) => Ok(visit.done(messages::OVERRIDE_PROPOSED, &subject.place())),
        Err(status) => {
            let (reason, day) = (Failure::refuses(&status, "reason"), Failure::refuses(&status, "end_time"));
            again(&visit, subject, status, written, Problems { reason, day, ..Problems::default() }).await
        }
    }
}

/// `POST /scholen/{school}/controles/uitzonderingen/{override}/goedkeuren`.
pub(crate) async fn agree_of_school(Path((id, one)): Path<(String, String)>, posted: Posted) -> Result<Response, Failure> {
    agree(Subject::School(school_id(&id)?), one, posted).await
}

/// `POST /leveranciers/{vendor}/uitzonderingen/{override}/goedkeuren`.
pub(crate) async fn agree_of_vendor(Path((id, one)): Path<(String, String)>, posted: Posted) -> Result<Response, Failure> {
    agree(Subject::Vendor(Subject::vendor(&id)?), one, posted).await
}

async fn agree(subject: Subject, override_id: String, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let request = wire::AgreeOverrideRequest { override_id, etag: fields.text("etag").to_owned() };
    let answer = visit.calls().enrolments().agree_override(request).await;
    done(&visit, subject, answer.map(drop), messages::OVERRIDE_AGREED).await
}

/// `POST /scholen/{school}/controles/uitzonderingen/{override}/stoppen`.
pub(crate) async fn end_of_school(Path((id, one)): Path<(String, String)>, posted: Posted) -> Result<Response, Failure> {
    end(Subject::School(school_id(&id)?), one, posted).await
}

/// `POST /leveranciers/{vendor}/uitzonderingen/{override}/stoppen`.
pub(crate) async fn end_of_vendor(Path((id, one)): Path<(String, String)>, posted: Posted) -> Result<Response, Failure> {
    end(Subject::Vendor(Subject::vendor(&id)?), one, posted).await
}

async fn end(subject: Subject, override_id: String, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let request = wire::EndOverrideRequest { override_id, etag: fields.text("etag").to_owned() };
    let answer = visit.calls().enrolments().end_override(request).await;
    done(&visit, subject, answer.map(drop), messages::OVERRIDE_ENDED).await
}

/// The page again after an act, or with why it was refused.
async fn done(visit: &Visit, subject: Subject, answer: Result<(), Status>, message: portal_frame::Message) -> Result<Response, Failure> {
    match answer {
        Ok(()) => Ok(visit.done(message, &subject.place())),
        Err(status) => again(visit, subject, status, Written::default(), Problems::default()).await,
    }
}

/// The page as it is now, with what to correct or why an act was refused.
async fn again(visit: &Visit, subject: Subject, status: Status, written: Written, problems: Problems) -> Result<Response, Failure> {
    let refusal = Refusal::of(&status);
    let problems = Problems { refusal, ..problems };
    if problems == Problems::default() {
        return Err(status.into());
    }
    let code = if refusal.is_some() { StatusCode::CONFLICT } else { StatusCode::UNPROCESSABLE_ENTITY };
    page_with_status(code, &enrolment_page(visit, subject, written, problems).await?)
}

async fn enrolment_page(visit: &Visit, subject: Subject, written: Written, problems: Problems) -> Result<EnrolmentPage, Failure> {
    let (calls, visitor) = (visit.calls(), visit.visitor());
    let works_for_all = visitor.may_everywhere(Action::EnrolmentRead);
    let place = if works_for_all { enrolments::PLACE.to_owned() } else { subject.place() };
    let vendor = async {
        let Subject::Vendor(id) = subject else { return Ok(None) };
        let vendor = calls.vendors().get_vendor(wire::GetVendorRequest { vendor_id: id.to_string() }).await?.into_inner();
        Ok::<_, Failure>(Some(VendorDetails::from(vendor)))
    };
    let details = async {
        let request = wire::GetEnrolmentRequest { organisation: subject.to_get() };
        Ok(Details::try_from(calls.enrolments().get_enrolment(request).await?.into_inner())?)
    };
    let (vendor, details, mut frame) = tokio::try_join!(vendor, details, visit.frame(place))?;
    if let Subject::School(school) = subject {
        frame.about_school(school, &details.row.name);
    }
    let resource = subject.resource();
    let may_confirm = matches!(subject, Subject::School(school) if visitor.may(Action::EnrolmentConfirm, school));
    let of_vendor = |action| matches!(subject, Subject::Vendor(vendor) if visitor.may(action, vendor));
    Ok(EnrolmentPage {
        may_confirm,
        may_edit: of_vendor(Action::VendorEdit),
        may_prove: of_vendor(Action::EnrolmentProve),
        may_check: of_vendor(Action::EnrolmentCheck),
        may_override: visitor.may(Action::EnrolmentOverride, resource),
        works_for_all,
        frame,
        subject,
        vendor,
        details,
        written,
        problems,
    })
}

impl Written {
    fn of(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self { company_reason: text("kbo-reden"), kind: text("controle"), reason: text("reden"), day: text("tot") }
    }
}
