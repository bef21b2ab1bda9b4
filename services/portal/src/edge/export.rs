//! Lists as files: the same rows in the same order as the address they come from, without pages.

use axum::{
    extract::{Path, RawQuery},
    response::Response,
};
use chrono::{DateTime, SecondsFormat, Utc};
use proto::{incident_intake::v1 as intake, network_monitor::v1 as monitor};
use serde::Serialize;

use super::{around::Visit, failure::Failure, respond::attachment, schools::school_id};
use crate::{
    address::{DeviceQuery, QueueQuery, QueueView},
    view::{Case, Device, Unreadable},
};

const PAGE_SIZE: i32 = 200;
/// More rows than this are work for another tool: the file ends here, with the first ones in the list's order.
const MAX_ROWS: usize = 10_000;
/// Tells spreadsheets that the file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// A case in a file. Names are stable; moments are RFC 3339 in UTC.
#[derive(Serialize)]
struct CaseRow {
    reference: String,
    case_id: String,
    severity: &'static str,
    phase: &'static str,
    title_nl: String,
    title_en: String,
    school: String,
    school_id: String,
    municipality: String,
    assignee: String,
    rsit: String,
    signature: String,
    alerts: i64,
    events: i64,
    opened: String,
    react_by: Option<String>,
    reacted: Option<String>,
    resolve_by: Option<String>,
    close_reason: Option<&'static str>,
    tlp: &'static str,
}

/// A device in a file.
#[derive(Serialize)]
struct DeviceRow {
    device_id: String,
    name: String,
    vendor: String,
    mac: String,
    mac_random: bool,
    ips: String,
    first_seen: String,
    last_seen: String,
    quarters_this_week: i64,
    open_alerts: i32,
}

/// `GET /wachtrij/export.csv`.
pub(super) async fn cases_csv(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    csv_file("zaken.csv", &all_cases(&visit, query).await?)
}

/// `GET /wachtrij/export.json`.
pub(super) async fn cases_json(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    json_file("zaken.json", &all_cases(&visit, query).await?)
}

/// `GET /scholen/{school}/toestellen/export.csv`.
pub(super) async fn devices_csv(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    csv_file("toestellen.csv", &all_devices(&visit, &id, query).await?)
}

/// `GET /scholen/{school}/toestellen/export.json`.
pub(super) async fn devices_json(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    json_file("toestellen.json", &all_devices(&visit, &id, query).await?)
}

async fn all_cases(visit: &Visit, query: Option<String>) -> Result<Vec<CaseRow>, Failure> {
    let query = QueueQuery::parse(&query.unwrap_or_default()).first_page();
    let mut cases = visit.calls().cases();
    let mut request = query.request(PAGE_SIZE);
    let now = visit.around.portal.clock.now();
    let mut rows = Vec::new();
    loop {
        let answer = cases.list_cases(request.clone()).await?.into_inner();
        for case in answer.cases {
            let case = Case::try_from(case)?;
            if query.view == QueueView::Late && !case.is_late(now) {
                return Ok(rows);
            }
            rows.push(CaseRow::from(case));
        }
        if answer.next_page_token.is_empty() || rows.len() >= MAX_ROWS {
            return Ok(rows);
        }
        request = intake::ListCasesRequest { page_token: answer.next_page_token, ..request };
    }
}

async fn all_devices(visit: &Visit, id: &str, query: Option<String>) -> Result<Vec<DeviceRow>, Failure> {
    let query = DeviceQuery::parse(school_id(id)?, &query.unwrap_or_default()).first_page();
    let mut devices = visit.calls().devices();
    let mut request = query.request(PAGE_SIZE);
    let mut rows = Vec::new();
    loop {
        let answer = devices.list_devices(request.clone()).await?.into_inner();
        let read = answer.devices.into_iter().map(|device| Device::try_from(device).map(DeviceRow::from));
        rows.extend(read.collect::<Result<Vec<_>, Unreadable>>()?);
        if answer.next_page_token.is_empty() || rows.len() >= MAX_ROWS {
            return Ok(rows);
        }
        request = monitor::ListDevicesRequest { page_token: answer.next_page_token, ..request };
    }
}

fn json_file(name: &str, rows: &[impl Serialize]) -> Result<Response, Failure> {
    let json = serde_json::to_vec_pretty(rows).map_err(|error| Failure::bug(&error))?;
    Ok(attachment(name, "application/json", json))
}

/// Semicolons, since that is what spreadsheets here expect; every cell that a spreadsheet would calculate is made text.
fn csv_file(name: &str, rows: &[impl Serialize]) -> Result<Response, Failure> {
    let failed = |error: csv::Error| Failure::bug(&error);
    let mut plain = csv::Writer::from_writer(Vec::new());
    for row in rows {
        plain.serialize(row).map_err(failed)?;
    }
    let plain = plain.into_inner().map_err(|error| Failure::bug(error.error()))?;

    let mut safe = csv::WriterBuilder::new().delimiter(b';').from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    for row in csv::ReaderBuilder::new().has_headers(false).from_reader(plain.as_slice()).records() {
        safe.write_record(row.map_err(failed)?.iter().map(as_text)).map_err(failed)?;
    }
    let contents = safe.into_inner().map_err(|error| Failure::bug(error.error()))?;
    Ok(attachment(name, "text/csv; charset=utf-8", contents))
}

/// A cell as a spreadsheet may safely read it (OWASP, CSV injection).
fn as_text(cell: &str) -> String {
    let could_be_a_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if could_be_a_formula { format!("'{cell}") } else { cell.to_owned() }
}

fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

impl From<Case> for CaseRow {
    fn from(case: Case) -> Self {
        Self {
            reference: case.reference,
            case_id: case.id,
            severity: case.severity.code(),
            phase: case.phase.code(),
            title_nl: case.title.dutch,
            title_en: case.title.english,
            school: case.school_name,
            school_id: case.school_id,
            municipality: case.municipality,
            assignee: case.assignee.map(|assignee| assignee.name).unwrap_or_default(),
            rsit: case.rsit,
            signature: case.signature,
            alerts: case.alerts,
            events: case.events,
            opened: utc(case.opened),
            react_by: case.react_by.map(utc),
            reacted: case.reacted.map(utc),
            resolve_by: case.resolve_by.map(utc),
            close_reason: case.closing.map(|closing| closing.reason.code()),
            tlp: case.tlp.label(),
        }
    }
}

impl From<Device> for DeviceRow {
    fn from(device: Device) -> Self {
        Self {
            name: device.title().unwrap_or_default().to_owned(),
            device_id: device.id,
            vendor: device.vendor.map(|vendor| vendor.value).unwrap_or_default(),
            mac: device.mac.unwrap_or_default(),
            mac_random: device.mac_random,
            ips: device.ips.into_iter().map(|ip| ip.value).collect::<Vec<_>>().join(" "),
            first_seen: utc(device.first_seen),
            last_seen: utc(device.last_seen),
            quarters_this_week: device.quarters,
            open_alerts: device.open_alerts,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[tokio::test]
    async fn a_formula_becomes_text() {
        #[derive(Serialize)]
        struct Row {
            name: &'static str,
            count: i64,
        }
        let rows = [Row { name: "=HYPERLINK(\"http://evil\")", count: 3 }, Row { name: "Zandloper; Aalter", count: 2 }];
        let response = csv_file("x.csv", &rows).unwrap();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        insta::assert_snapshot!(String::from_utf8(body.to_vec()).unwrap().trim_start_matches(BYTE_ORDER_MARK), @r#"
        name;count
        "'=HYPERLINK(""http://evil"")";3
        "Zandloper; Aalter";2
        "#);
    }

    proptest! {
        #[test]
        fn no_cell_begins_like_a_formula(text in ".*") {
            prop_assert!(!as_text(&text).starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
        }
    }
}
