//! The gateways: which there are, a new one, a new secret, the end of one.

mod page;
mod view;
mod words;

use std::collections::BTreeMap;

use auth::{Action, Kind as _};
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use futures::future::try_join_all;
use http::StatusCode;
use portal_frame::{
    Failure, Posted, Problem, Visit,
    answer::Unreadable,
    list::PlainQuery,
    respond::{first_page, page, page_with_status},
    school::{School, school, school_id},
    upstream::Calls,
};
use proto::{identity::v1 as wire, network_monitor::v1::ListGatewayContactsRequest};
use runtime::SchoolId;

use self::{
    page::GatewayRow,
    view::{Contact, Contacts, Gateway},
    words::GatewayWords,
};
pub(crate) use self::{
    page::{CodePage, EnrolPage, EnrolSearchPage, GatewaysPage, RevokePage, RotatePage},
    view::SILENT_AFTER,
};
use crate::messages;

/// Where the menu finds these pages.
const PLACE: &str = "/gateways";
const PAGE_SIZE: i32 = 50;
const SCHOOLS_OFFERED: i32 = 20;
/// Why a school gets no code more.
const TOO_MANY_CODES: &str = "too_many_codes";

/// `GET /gateways`.
pub(crate) async fn list(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let query = PlainQuery::parse("/gateways", &query.unwrap_or_default());
    let calls = visit.calls();
    // The choice narrows what one may see, and never refuses it.
    let may_read = |school: &SchoolId| visit.visitor().may(Action::GatewayRead, *school);
    let request = wire::ListGatewaysRequest {
        school_id: chosen_school(&visit).filter(may_read).map(|school| school.to_string()).unwrap_or_default(),
        page_size: PAGE_SIZE,
        page_token: query.trail.token().to_owned(),
        include_revoked: query.with_past,
    };
    let mut service = calls.gateways();
    let (answer, frame) = tokio::join!(service.list_gateways(request), visit.frame(PLACE));
    let answer = answer.map_err(|status| Failure::of_page(status, || query.first_page().href()))?.into_inner();
    let frame = frame?;
    if answer.gateways.is_empty() && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }
    let gateways = answer.gateways.into_iter().map(Gateway::try_from).collect::<Result<Vec<_>, Unreadable>>()?;
    let (names, contacts) = tokio::join!(school_names(&calls, &gateways), contacts(&calls, &gateways));
    let names = names?;
    let contact = |gateway: &Gateway| contacts.as_ref().map_or(Contact::Unknown, |contacts| contacts.of(gateway, frame.now));
    let rows: Vec<GatewayRow> = gateways.into_iter().map(|gateway| row(&visit, contact(&gateway), gateway, &names)).collect();
    let words = GatewayWords(frame.language());
    let range = query.trail.range(PAGE_SIZE, rows.len(), 0);
    let paging = query.paging(frame.language(), words.range(range.from, range.until), &answer.next_page_token);
    let may_enrol = visit.visitor().may_everywhere(Action::GatewayEnrol) || !schools_to_enrol_for(&visit).is_empty();
    page(&GatewaysPage { frame, query, gateways: rows, paging, may_enrol, knows_contacts: contacts.is_some() })
}

/// `GET /gateways/nieuw`: first which school, then the name.
pub(crate) async fn enrol_form(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let query = query.unwrap_or_default();
    let asked =
        |wanted: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    let calls = visit.calls();
    let may_search = visit.visitor().may_everywhere(Action::GatewayEnrol);
    let own = schools_to_enrol_for(&visit);
    let wanted = asked("school").map(|school| school_id(&school)).transpose()?;
    let wants_another = asked("school").is_none() && asked("kies").is_some();
    let begins_with = chosen_school(&visit).filter(|school| own.contains(school) && !wants_another);
    let chosen = match (wanted.or(begins_with), own.as_slice()) {
        (Some(school), _) => school,
        (None, _) if may_search => {
            let search = asked("zoek").unwrap_or_default().trim().to_owned();
            let schools = if search.is_empty() { Vec::new() } else { found_schools(&calls, &search).await? };
            return page(&EnrolSearchPage { frame: visit.frame(PLACE).await?, may_search, search, schools });
        }
        (None, [only]) => *only,
        (None, []) => return Err(Failure::Problem(Problem::Denied)),
        (None, several) => {
            let schools = try_join_all(several.iter().map(|id| school(&calls, *id))).await?;
            return page(&EnrolSearchPage { frame: visit.frame(PLACE).await?, may_search, search: String::new(), schools });
        }
    };
    if !visit.visitor().may(Action::GatewayEnrol, chosen) {
        return Err(Failure::Problem(Problem::Denied));
    }
    let school = school(&calls, chosen).await?;
    page(&enrol_page(&visit, school, String::new(), None).await?)
}

/// `POST /gateways/nieuw`. The code is in the answer itself: it must not wait anywhere for a second request.
pub(crate) async fn enrol(Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let id = school_id(fields.text("school"))?;
    let calls = visit.calls();
    let name = fields.text("naam").to_owned();
    let request = wire::EnrolGatewayRequest {
        school_id: id.to_string(),
        site_id: fields.text("vestiging").to_owned(),
        name: name.clone(),
        request_id: fields.text("verzoek").to_owned(),
        with_code: true,
    };
    match calls.gateways().enrol_gateway(request).await {
        Ok(answer) => {
            let answer = answer.into_inner();
            show_code(&visit, answer.gateway, answer.code).await
        }
        Err(status) => {
            let words = GatewayWords(visit.language());
            let error = match &status {
                status if Failure::refuses(status, "name") => words.enrol_name_wrong(),
                status if Failure::has_reason(status, "too_many_gateways") => words.enrol_too_many(),
                status if Failure::has_reason(status, "too_many_enrolments") => words.enrol_too_many_of_late(),
                status if Failure::has_reason(status, TOO_MANY_CODES) => words.too_many_codes(),
                _ => return Err(status.into()),
            };
            let form = enrol_page(&visit, school(&calls, id).await?, name, Some(error)).await?;
            page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &form)
        }
    }
}

/// `GET /gateways/{gateway}/geheim`.
pub(crate) async fn rotate_form(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let (gateway, school_name) = active_gateway(&visit.calls(), id).await?;
    page(&RotatePage { frame: visit.frame(PLACE).await?, gateway, school_name, trouble: None })
}

/// `POST /gateways/{gateway}/geheim`. The code is in the answer itself, as above.
pub(crate) async fn rotate(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let calls = visit.calls();
    let request = wire::IssueGatewayCodeRequest { gateway_id: id.clone(), etag: fields.text("etag").to_owned() };
    let words = GatewayWords(visit.language());
    let (status, trouble) = match calls.gateways().issue_gateway_code(request).await {
        Ok(answer) => {
            let answer = answer.into_inner();
            return show_code(&visit, answer.gateway, answer.code).await;
        }
        Err(status) if Failure::is_conflict(&status) => (StatusCode::CONFLICT, words.changed_meanwhile()),
        Err(status) if Failure::has_reason(&status, TOO_MANY_CODES) => (StatusCode::UNPROCESSABLE_ENTITY, words.too_many_codes()),
        Err(status) => return Err(status.into()),
    };
    let (gateway, school_name) = active_gateway(&calls, id).await?;
    page_with_status(status, &RotatePage { frame: visit.frame(PLACE).await?, gateway, school_name, trouble: Some(trouble) })
}

/// `GET /gateways/{gateway}/intrekken`.
pub(crate) async fn revoke_form(visit: Visit, Path(id): Path<String>) -> Result<Response, Failure> {
    let (gateway, school_name) = active_gateway(&visit.calls(), id).await?;
    let frame = visit.frame(PLACE).await?;
    page(&RevokePage { frame, gateway, school_name, reason: String::new(), reason_error: None, has_changed: false })
}

/// `POST /gateways/{gateway}/intrekken`.
pub(crate) async fn revoke(Path(id): Path<String>, Posted { visit, fields }: Posted) -> Result<Response, Failure> {
    let calls = visit.calls();
    let reason = fields.text("reden").to_owned();
    let etag = fields.text("etag").to_owned();
    let request = wire::RevokeGatewayRequest { gateway_id: id.clone(), reason: reason.clone(), etag };
    match calls.gateways().revoke_gateway(request).await {
        Ok(_) => Ok(visit.done(messages::GATEWAY_REVOKED, PLACE)),
        Err(status) if Failure::refuses(&status, "reason") => {
            let (gateway, school_name) = active_gateway(&calls, id).await?;
            let error = GatewayWords(visit.language()).revoke_reason_wrong();
            let again = RevokePage {
                frame: visit.frame(PLACE).await?,
                gateway,
                school_name,
                reason,
                reason_error: Some(error),
                has_changed: false,
            };
            page_with_status(StatusCode::UNPROCESSABLE_ENTITY, &again)
        }
        Err(status) if Failure::is_conflict(&status) => {
            let (gateway, school_name) = active_gateway(&calls, id).await?;
            let again =
                RevokePage { frame: visit.frame(PLACE).await?, gateway, school_name, reason, reason_error: None, has_changed: true };
            page_with_status(StatusCode::CONFLICT, &again)
        }
        Err(status) => Err(status.into()),
    }
}

async fn enrol_page(visit: &Visit, school: School, name: String, name_error: Option<&'static str>) -> Result<EnrolPage, Failure> {
    let may_choose_school = visit.visitor().may_everywhere(Action::GatewayEnrol) || schools_to_enrol_for(visit).len() > 1;
    let mut frame = visit.frame(PLACE).await?;
    frame.here = format!("/gateways/nieuw?school={}", school.id);
    Ok(EnrolPage { frame, school, name, name_error, request_id: visit.new_request_id(), may_choose_school })
}

async fn show_code(visit: &Visit, gateway: Option<wire::Gateway>, code: String) -> Result<Response, Failure> {
    let gateway = Gateway::try_from(gateway.ok_or(Unreadable("gateway"))?)?;
    let mut frame = visit.frame(PLACE).await?;
    frame.here = PLACE.to_owned();
    let portal = &visit.around.portal;
    let sensors_url = portal.sensors_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned());
    page(&CodePage { frame, gateway, code: (!code.is_empty()).then_some(code), platform_url: portal.origin.clone(), sensors_url })
}

/// The school that a visitor of several organisations looks at.
fn chosen_school(visit: &Visit) -> Option<SchoolId> {
    visit.session.organisation.and_then(SchoolId::of)
}

/// The schools that this visitor works at and installs gateways for.
fn schools_to_enrol_for(visit: &Visit) -> Vec<SchoolId> {
    let visitor = visit.visitor();
    visitor.own_schools().into_iter().filter(|school| visitor.may(Action::GatewayEnrol, *school)).collect()
}

fn row(visit: &Visit, contact: Contact, gateway: Gateway, names: &BTreeMap<String, String>) -> GatewayRow {
    let school: Option<SchoolId> = gateway.school_id.parse().ok();
    let may = |action| school.is_some_and(|school| visit.visitor().may(action, school));
    GatewayRow {
        school_name: names.get(&gateway.school_id).cloned().unwrap_or_else(|| gateway.school_id.clone()),
        contact,
        may_rotate: may(Action::GatewayCode),
        may_revoke: may(Action::GatewayRevoke),
        gateway,
    }
}

/// When these last sent something. None while network-monitor is unavailable: the gateways are shown without.
async fn contacts(calls: &Calls, gateways: &[Gateway]) -> Option<Contacts> {
    if gateways.is_empty() {
        return Some(Contacts::default());
    }
    let unknown = |why: &dyn std::fmt::Display| {
        tracing::warn!(name: "gateways.contacts_unknown", error = %why, "network-monitor does not say when gateways were last heard");
    };
    let request = ListGatewayContactsRequest { gateway_ids: gateways.iter().map(|gateway| gateway.id.clone()).collect() };
    let answer = calls.gateway_contacts().list_gateway_contacts(request).await.inspect_err(|status| unknown(status)).ok()?;
    answer.into_inner().try_into().inspect_err(|unreadable: &Unreadable| unknown(unreadable)).ok()
}

/// The names of these gateways' schools, asked for at once; a school that is gone keeps its id.
async fn school_names(calls: &Calls, gateways: &[Gateway]) -> Result<BTreeMap<String, String>, Failure> {
    let mut ids: Vec<SchoolId> = gateways.iter().filter_map(|gateway| gateway.school_id.parse().ok()).collect();
    ids.sort_unstable();
    ids.dedup();
    let school_ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    // Without ids the answer would be all schools.
    if school_ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let page_size = i32::try_from(school_ids.len()).unwrap_or(i32::MAX);
    let request = wire::ListSchoolsRequest { page_size, school_ids, ..Default::default() };
    let schools = calls.schools().list_schools(request).await?.into_inner().schools;
    Ok(schools.into_iter().map(|school| (school.school_id, school.name)).collect())
}

async fn found_schools(calls: &Calls, search: &str) -> Result<Vec<School>, Failure> {
    let request = wire::ListSchoolsRequest { page_size: SCHOOLS_OFFERED, query: search.to_owned(), ..Default::default() };
    let answer = calls.schools().list_schools(request).await?.into_inner();
    Ok(answer.schools.into_iter().map(School::try_from).collect::<Result<_, Unreadable>>()?)
}

/// A gateway that can still be changed, and the name of its school: gateways of two schools may be named alike.
async fn active_gateway(calls: &Calls, gateway_id: String) -> Result<(Gateway, String), Failure> {
    let gateway = calls.gateways().get_gateway(wire::GetGatewayRequest { gateway_id }).await?;
    let gateway = Gateway::try_from(gateway.into_inner())?;
    if !gateway.is_active() {
        return Err(Failure::Problem(Problem::Precondition));
    }
    let mut names = school_names(calls, std::slice::from_ref(&gateway)).await?;
    let school_name = names.remove(&gateway.school_id).unwrap_or_else(|| gateway.school_id.clone());
    Ok((gateway, school_name))
}
