//! A school's devices: one page of them, and all of them as a file.

mod address;
mod export;
mod page;
mod view;
mod words;

use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use portal_frame::{
    Failure, Visit,
    answer::Unreadable,
    list::{Paging, Rows},
    respond::{first_page, page},
    school::{school, school_id},
    upstream::Calls,
};
use proto::{incident_intake::v1::ListCasesRequest, network_monitor::v1 as wire};
use runtime::SchoolId;

use self::{address::DeviceQuery, export::DeviceRow};
pub(crate) use self::{
    page::{DevicesPage, Verdict, device_title, verdict},
    view::Device,
    words::DeviceWords,
};

const PAGE_SIZE: i32 = 50;
const EXPORT_PAGE_SIZE: i32 = 200;

/// `GET /scholen/{school}/toestellen`.
pub(crate) async fn list(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let id = school_id(&id)?;
    let query = DeviceQuery::parse(id, &query.unwrap_or_default());
    let calls = visit.calls();
    let may_see_incidents = visit.visitor().may(auth::Action::CaseRead, id);
    let (school, summary, listed, open_incidents, frame) = tokio::join!(
        school(&calls, id),
        summary(&calls, id),
        devices(&calls, &query),
        open_incidents(&calls, id, may_see_incidents),
        visit.frame(query.path()),
    );
    let (school, summary, listed, mut frame) = (school?, summary?, listed?, frame?);
    if listed.devices.is_empty() && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }
    frame.about_school(id, &school.name);
    let range = query.trail.range(PAGE_SIZE, listed.devices.len(), listed.total_size);
    let words = DeviceWords(frame.language());
    let range_in_words = words.range(range.from, range.until, range.total);
    let paging = Paging::new(frame.language(), &query.trail, range_in_words, &listed.next_page_token, |trail| query.at(trail));
    let devices = listed.devices.into_iter().map(Device::try_from).collect::<Result<_, Unreadable>>()?;
    page(&DevicesPage { frame, query, school, summary, devices, paging, total: range.total, open_incidents })
}

async fn summary(calls: &Calls, school: SchoolId) -> Result<wire::DeviceSummary, Failure> {
    let request = wire::SummarizeDevicesRequest { school_id: school.to_string() };
    Ok(calls.devices().summarize_devices(request).await?.into_inner())
}

/// How many incidents are open. None while incident-intake is unavailable: the devices are shown without.
async fn open_incidents(calls: &Calls, school: SchoolId, may_see: bool) -> Option<i64> {
    if !may_see {
        return None;
    }
    let request = ListCasesRequest { page_size: 1, school_id: school.to_string(), ..ListCasesRequest::default() };
    Some(calls.cases().list_cases(request).await.ok()?.into_inner().total_size)
}

async fn devices(calls: &Calls, query: &DeviceQuery) -> Result<wire::ListDevicesResponse, Failure> {
    let answer = calls.devices().list_devices(query.request(PAGE_SIZE)).await;
    Ok(answer.map_err(|status| Failure::of_page(status, || query.first_page().href()))?.into_inner())
}

/// `GET /scholen/{school}/toestellen/export.csv`.
pub(crate) async fn export_csv(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_rows(&visit, &id, query).await?.as_csv("toestellen")
}

/// `GET /scholen/{school}/toestellen/export.json`.
pub(crate) async fn export_json(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_rows(&visit, &id, query).await?.as_json("toestellen")
}

async fn all_rows(visit: &Visit, id: &str, query: Option<String>) -> Result<Rows<DeviceRow>, Failure> {
    let query = &DeviceQuery::parse(school_id(id)?, &query.unwrap_or_default());
    Rows::gather(async |page_token| {
        let request = wire::ListDevicesRequest { page_token, for_export: true, ..query.request(EXPORT_PAGE_SIZE) };
        let answer = visit.calls().devices().list_devices(request).await?.into_inner();
        let read = answer.devices.into_iter().map(|device| Device::try_from(device).map(DeviceRow::from));
        Ok((read.collect::<Result<_, Unreadable>>()?, answer.next_page_token))
    })
    .await
}
