//! One device, with its warnings.

mod alert;
mod page;

use std::collections::HashMap;

use auth::Action;
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use portal_frame::{
    Failure, Visit,
    answer::Unreadable,
    list::PlainQuery,
    respond::{first_page, page},
    school::{school, school_id},
    upstream::Calls,
};
use proto::{incident_intake::v1 as intake, network_monitor::v1 as wire};
use runtime::SchoolId;
use tonic::Code;

pub(crate) use self::page::DevicePage;
use self::{
    alert::{Alert, Meaning},
    page::{Unexplained, Warning, Warnings, running_case},
};
use crate::devices::{Device, DeviceWords};

/// How many of the newest warnings are looked at: as many as network-monitor gives and incident-intake explains at once.
const NEWEST: i32 = 200;
/// How many of them are shown at once.
const SHOWN: u16 = 10;

/// `GET /scholen/{school}/toestellen/{device}`.
pub(crate) async fn show(visit: Visit, Path((id, device)): Path<(String, String)>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let id = school_id(&id)?;
    let path = format!("/scholen/{id}/toestellen/{device}");
    let query = PlainQuery::parse(&path, &query.unwrap_or_default());
    let calls = visit.calls();
    let (school, device, alerts, frame) = tokio::join!(
        school(&calls, id),
        device_of(&calls, id, device.clone()),
        newest_alerts(&visit, &calls, id, device),
        visit.frame(path),
    );
    let (school, device, alerts, mut frame) = (school?, device?, alerts?, frame?);
    frame.about_school(id, &school.name);

    let Some(alerts) = alerts.filter(|answer| is_all_about(&device, &answer.alerts)) else {
        return page(&DevicePage { frame, school, device, warnings: None });
    };
    let before = (query.trail.page() - 1) * usize::from(SHOWN);
    let reachable = alerts.alerts.len();
    if reachable <= before && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }
    let (meanings, unexplained) = match meanings(&calls, id, &alerts.alerts).await {
        Ok(meanings) => (meanings, None),
        Err(unexplained) => (HashMap::new(), Some(unexplained)),
    };
    let newest = explained(alerts.alerts, meanings)?;
    let running_case = running_case(&newest).cloned();
    let shown: Vec<Warning> = newest.into_iter().skip(before).take(usize::from(SHOWN)).collect();

    let has_more = reachable > before + shown.len();
    let next_page = if has_more { (query.trail.page() + 1).to_string() } else { String::new() };
    let range = query.trail.range(i32::from(SHOWN), shown.len(), alerts.total_size);
    let words = DeviceWords(frame.language());
    let paging = query.paging(frame.language(), words.warnings_range(range, reachable), &next_page);
    let warnings = Warnings { shown, total: range.total, running_case, unexplained, paging };
    page(&DevicePage { frame, school, device, warnings: Some(warnings) })
}

async fn device_of(calls: &Calls, school: SchoolId, device_id: String) -> Result<Device, Failure> {
    let request = wire::GetDeviceRequest { school_id: school.to_string(), device_id };
    Ok(Device::try_from(calls.devices().get_device(request).await?.into_inner())?)
}

/// The newest warnings of a device; none for who may not see warnings.
async fn newest_alerts(
    visit: &Visit,
    calls: &Calls,
    school: SchoolId,
    device_id: String,
) -> Result<Option<wire::ListAlertsResponse>, Failure> {
    if !visit.visitor().may(Action::AlertRead, school) {
        return Ok(None);
    }
    let request =
        wire::ListAlertsRequest { school_id: school.to_string(), device_id, page_size: NEWEST, ..wire::ListAlertsRequest::default() };
    Ok(Some(calls.alerts().list_alerts(request).await?.into_inner()))
}

/// Whether this device is at an end of each alert. A network-monitor from before one could ask for a device's alerts, met while
/// a release is rolled out, answers with those of the whole school.
fn is_all_about(device: &Device, alerts: &[wire::Alert]) -> bool {
    let has_it = |alert: &wire::Alert| [&alert.source, &alert.destination].into_iter().flatten().any(|end| end.device_id == device.id);
    alerts.iter().all(has_it)
}

/// What the warnings mean, by warning. What the sensor saw can be shown without.
async fn meanings(calls: &Calls, school: SchoolId, alerts: &[wire::Alert]) -> Result<HashMap<String, Meaning>, Unexplained> {
    if alerts.is_empty() {
        return Ok(HashMap::new());
    }
    let without_raw_event = |alert: &wire::Alert| wire::Alert { raw_event: String::new(), ..alert.clone() };
    let request = intake::ExplainAlertsRequest { school_id: school.to_string(), alerts: alerts.iter().map(without_raw_event).collect() };
    let answer = calls.cases().explain_alerts(request).await.map_err(|status| why_unexplained(&status))?.into_inner();
    let read = |explanation: intake::AlertExplanation| Ok((explanation.alert_id.clone(), Meaning::try_from(explanation)?));
    let meanings: Result<_, Unreadable> = answer.explanations.into_iter().map(read).collect();
    meanings.map_err(|error| refused(&error.to_string()))
}

fn why_unexplained(status: &tonic::Status) -> Unexplained {
    match status.code() {
        // Cancelled is a passed deadline, seen from here; unimplemented is an incident-intake of the release before.
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unimplemented => Unexplained::Away,
        code => refused(&format!("{code:?}: {}", status.message())),
    }
}

fn refused(cause: &str) -> Unexplained {
    tracing::error!(name: "device.warnings_unexplained", error = cause, "warnings of a device cannot be explained, shown as the sensor wrote them");
    Unexplained::Refused
}

fn explained(alerts: Vec<wire::Alert>, mut meanings: HashMap<String, Meaning>) -> Result<Vec<Warning>, Unreadable> {
    let explain = |alert: wire::Alert| {
        let alert = Alert::try_from(alert)?;
        let meaning = meanings.remove(&alert.id);
        Ok(Warning { alert, meaning })
    };
    alerts.into_iter().map(explain).collect()
}
