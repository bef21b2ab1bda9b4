//! A school's devices.

use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use proto::{incident_intake::v1::ListCasesRequest, network_monitor::v1 as wire};
use runtime::SchoolId;

use super::{
    around::Visit,
    failure::Failure,
    queue::menu_figures,
    respond::{first_page, page},
    schools::{school, school_id},
};
use crate::{
    address::{DeviceQuery, Range},
    page::{DevicesPage, Frame, Paging, Place},
    upstream::Calls,
    view::{Device, DeviceSummary, Unreadable},
    words::DeviceWords,
};

const PAGE_SIZE: i32 = 50;

/// `GET /scholen/{school}/toestellen`.
pub(super) async fn list(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let id = school_id(&id)?;
    let query = DeviceQuery::parse(id, &query.unwrap_or_default());
    let calls = visit.calls();
    let may_see_incidents = visit.visitor().may(auth::Action::CaseRead, id);
    let (school, summary, listed, open_incidents, figures) = tokio::join!(
        school(&calls, id),
        summary(&calls, id),
        devices(&calls, &query),
        open_incidents(&calls, id, may_see_incidents),
        menu_figures(&visit),
    );
    let (school, summary, listed) = (school?, summary?, listed?);
    if listed.devices.is_empty() && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }

    let mut frame = visit.frame(place_of(&visit))?;
    frame.queue = figures;
    frame.about_school(id, &school.name);
    let range = query.trail.range(PAGE_SIZE, listed.devices.len(), listed.total_size);
    let paging = paging(&frame, &query, range, &listed.next_page_token);
    let devices = listed.devices.into_iter().map(Device::try_from).collect::<Result<_, Unreadable>>()?;
    page(&DevicesPage { frame, query, school, summary, devices, paging, total: range.total, open_incidents })
}

/// A responder comes here from the list of schools, a school from its own menu.
pub(super) fn place_of(visit: &Visit) -> Place {
    if visit.visitor().works_the_queue() { Place::Schools } else { Place::Devices }
}

async fn summary(calls: &Calls, school: SchoolId) -> Result<DeviceSummary, Failure> {
    let request = wire::SummarizeDevicesRequest { school_id: school.to_string() };
    Ok(calls.devices().summarize_devices(request).await?.into_inner().into())
}

/// How many incidents go on; unknown, not wrong, while incident-intake is away: the devices can be shown all the same.
async fn open_incidents(calls: &Calls, school: SchoolId, may_see: bool) -> Option<i64> {
    if !may_see {
        return None;
    }
    let request = ListCasesRequest { page_size: 1, school_id: school.to_string(), ..ListCasesRequest::default() };
    Some(calls.cases().list_cases(request).await.ok()?.into_inner().total_size)
}

async fn devices(calls: &Calls, query: &DeviceQuery) -> Result<wire::ListDevicesResponse, Failure> {
    Ok(calls.devices().list_devices(query.request(PAGE_SIZE)).await?.into_inner())
}

fn paging(frame: &Frame, query: &DeviceQuery, range: Range, next_token: &str) -> Paging {
    let is_first = query.trail.is_first();
    let addresses = [
        (query.trail.page() > 2).then(|| query.first_page().href()),
        (!is_first).then(|| query.previous_page().href()),
        (!next_token.is_empty()).then(|| query.next_page(next_token).href()),
    ];
    let words = DeviceWords(frame.language());
    Paging::new(frame.language(), query.trail.page(), words.range(range.from, range.until, range.total), addresses)
}
