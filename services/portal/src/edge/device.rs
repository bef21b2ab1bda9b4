//! One device, with its warnings.

use std::collections::HashMap;

use auth::Action;
use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use proto::{incident_intake::v1 as intake, network_monitor::v1 as wire};
use runtime::SchoolId;

use super::{
    around::Visit,
    devices::place_of,
    failure::Failure,
    queue::menu_figures,
    respond::{first_page, page},
    schools::{paging, school, school_id},
};
use crate::{
    address::PlainQuery,
    page::{DevicePage, Warning, Warnings},
    upstream::Calls,
    view::{Alert, Device, Meaning, Unreadable},
    words::DeviceWords,
};

const WARNINGS_PAGE: i32 = 10;

/// `GET /scholen/{school}/toestellen/{device}`.
pub(super) async fn show(visit: Visit, Path((id, device)): Path<(String, String)>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    let id = school_id(&id)?;
    let query = PlainQuery::parse(format!("/scholen/{id}/toestellen/{device}"), &query.unwrap_or_default());
    let calls = visit.calls();
    let (school, device, alerts, figures) = tokio::join!(
        school(&calls, id),
        device_of(&calls, id, device.clone()),
        alerts(&visit, &calls, id, device, &query),
        menu_figures(&visit),
    );
    let (school, device, alerts) = (school?, device?, alerts?);
    let mut frame = visit.frame(place_of(&visit))?;
    frame.queue = figures;
    frame.about_school(id, &school.name);

    let Some(alerts) = alerts else { return page(&DevicePage { frame, school, device, warnings: None }) };
    if alerts.alerts.is_empty() && !query.trail.is_first() {
        return Ok(first_page(&query.first_page().href()));
    }
    let mut meanings = meanings(&visit, &calls, id, &alerts.alerts).await;
    let range = query.trail.range(WARNINGS_PAGE, alerts.alerts.len(), alerts.total_size);
    let words = DeviceWords(frame.language());
    let paging = paging(&frame, &query, words.warnings_range(range.from, range.until, range.total), &alerts.next_page_token);
    let mut shown = Vec::with_capacity(alerts.alerts.len());
    for alert in alerts.alerts {
        let alert = Alert::try_from(alert)?;
        let meaning = meanings.as_mut().and_then(|meanings| meanings.remove(&alert.id));
        shown.push(Warning { alert, meaning });
    }
    let warnings = Warnings { shown, total: range.total, paging, is_first_page: query.trail.is_first() };
    page(&DevicePage { frame, school, device, warnings: Some(warnings) })
}

async fn device_of(calls: &Calls, school: SchoolId, device_id: String) -> Result<Device, Failure> {
    let request = wire::GetDeviceRequest { school_id: school.to_string(), device_id };
    Ok(Device::try_from(calls.devices().get_device(request).await?.into_inner())?)
}

/// A page of a device's warnings; none for who may not see warnings.
async fn alerts(
    visit: &Visit,
    calls: &Calls,
    school: SchoolId,
    device_id: String,
    query: &PlainQuery,
) -> Result<Option<wire::ListAlertsResponse>, Failure> {
    if !visit.visitor().may(Action::AlertRead, school) {
        return Ok(None);
    }
    let request = wire::ListAlertsRequest {
        school_id: school.to_string(),
        device_id,
        page_size: WARNINGS_PAGE,
        page_token: query.trail.token().to_owned(),
        ..wire::ListAlertsRequest::default()
    };
    Ok(Some(calls.alerts().list_alerts(request).await?.into_inner()))
}

/// What the warnings mean, by warning; unknown, not wrong, while incident-intake is away: what the sensor saw can be shown all
/// the same.
async fn meanings(visit: &Visit, calls: &Calls, school: SchoolId, alerts: &[wire::Alert]) -> Option<HashMap<String, Meaning>> {
    if alerts.is_empty() || !visit.visitor().may(Action::CaseRead, school) {
        return None;
    }
    let without_raw_event = |alert: &wire::Alert| wire::Alert { raw_event: String::new(), ..alert.clone() };
    let request = intake::ExplainAlertsRequest { school_id: school.to_string(), alerts: alerts.iter().map(without_raw_event).collect() };
    let answer = calls.cases().explain_alerts(request).await.ok()?.into_inner();
    let read = |explanation: intake::AlertExplanation| Ok((explanation.alert_id.clone(), Meaning::try_from(explanation)?));
    answer.explanations.into_iter().map(read).collect::<Result<_, Unreadable>>().ok()
}
