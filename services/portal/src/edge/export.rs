//! Lists as files: the same rows in the same order as the address they come from, without pages. A file that ends before its
//! list says so in its name, and the page it is offered on says so too.

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
    page::MAX_EXPORT_ROWS,
    view::{Device, ListedCase, Unreadable},
};

const PAGE_SIZE: i32 = 200;
/// Tells spreadsheets that the file is UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// What goes into a file.
struct Rows<R> {
    rows: Vec<R>,
    /// Whether the list goes on after them.
    is_cut: bool,
}

impl<R: Serialize> Rows<R> {
    /// All that were found, of which the last ones may be too many; `goes_on` when there are more still.
    fn new(mut rows: Vec<R>, goes_on: bool) -> Self {
        let is_cut = goes_on || rows.len() > MAX_EXPORT_ROWS;
        rows.truncate(MAX_EXPORT_ROWS);
        Self { rows, is_cut }
    }

    /// `zaken.csv`, or `zaken-eerste-10000.csv`.
    fn file_name(&self, what: &str, format: &str) -> String {
        if self.is_cut { format!("{what}-eerste-{MAX_EXPORT_ROWS}.{format}") } else { format!("{what}.{format}") }
    }

    fn as_csv(&self, what: &str) -> Result<Response, Failure> {
        csv_file(&self.file_name(what, "csv"), &self.rows)
    }

    fn as_json(&self, what: &str) -> Result<Response, Failure> {
        json_file(&self.file_name(what, "json"), &self.rows)
    }
}

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
    /// Of the first three in the evidence, by name or address, with a comma between them.
    first_devices: String,
    device_count: i64,
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
    all_cases(&visit, query).await?.as_csv("zaken")
}

/// `GET /wachtrij/export.json`.
pub(super) async fn cases_json(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_cases(&visit, query).await?.as_json("zaken")
}

/// `GET /scholen/{school}/toestellen/export.csv`.
pub(super) async fn devices_csv(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_devices(&visit, &id, query).await?.as_csv("toestellen")
}

/// `GET /scholen/{school}/toestellen/export.json`.
pub(super) async fn devices_json(visit: Visit, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    all_devices(&visit, &id, query).await?.as_json("toestellen")
}

async fn all_cases(visit: &Visit, query: Option<String>) -> Result<Rows<CaseRow>, Failure> {
    let query = QueueQuery::parse(&query.unwrap_or_default()).first_page();
    let mut cases = visit.calls().cases();
    let mut request = query.request(PAGE_SIZE);
    let now = visit.around.portal.clock.now();
    let mut rows = Vec::new();
    loop {
        let answer = cases.list_cases(request.clone()).await?.into_inner();
        for row in ListedCase::all_of(answer.cases, answer.devices)? {
            if query.view == QueueView::Late && !row.case.is_late(now) {
                return Ok(Rows::new(rows, false));
            }
            rows.push(CaseRow::from(row));
        }
        let goes_on = !answer.next_page_token.is_empty();
        if !goes_on || rows.len() >= MAX_EXPORT_ROWS {
            return Ok(Rows::new(rows, goes_on));
        }
        request = intake::ListCasesRequest { page_token: answer.next_page_token, ..request };
    }
}

async fn all_devices(visit: &Visit, id: &str, query: Option<String>) -> Result<Rows<DeviceRow>, Failure> {
    let query = DeviceQuery::parse(school_id(id)?, &query.unwrap_or_default()).first_page();
    let mut devices = visit.calls().devices();
    let mut request = query.request(PAGE_SIZE);
    let mut rows = Vec::new();
    loop {
        let answer = devices.list_devices(request.clone()).await?.into_inner();
        let read = answer.devices.into_iter().map(|device| Device::try_from(device).map(DeviceRow::from));
        rows.extend(read.collect::<Result<Vec<_>, Unreadable>>()?);
        let goes_on = !answer.next_page_token.is_empty();
        if !goes_on || rows.len() >= MAX_EXPORT_ROWS {
            return Ok(Rows::new(rows, goes_on));
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

impl From<ListedCase> for CaseRow {
    fn from(ListedCase { case, devices }: ListedCase) -> Self {
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
            first_devices: devices.first.join(", "),
            device_count: devices.total,
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

    #[test]
    fn a_file_that_is_cut_says_so_in_its_name() {
        let file = |rows: usize, goes_on| {
            let rows = Rows::new(vec![0; rows], goes_on);
            (rows.rows.len(), rows.file_name("zaken", "csv"))
        };
        assert_eq!(file(MAX_EXPORT_ROWS, false), (MAX_EXPORT_ROWS, "zaken.csv".to_owned()));
        assert_eq!(file(MAX_EXPORT_ROWS, true), (MAX_EXPORT_ROWS, "zaken-eerste-10000.csv".to_owned()));
        assert_eq!(file(MAX_EXPORT_ROWS + 1, false), (MAX_EXPORT_ROWS, "zaken-eerste-10000.csv".to_owned()));
    }

    proptest! {
        #[test]
        fn no_cell_begins_like_a_formula(text in ".*") {
            prop_assert!(!as_text(&text).starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
        }
    }
}
