//! Lists alerts, the one that happened last first.

use auth::{Action, Context, Scope};
use runtime::{DeviceId, Result, SchoolId};
use storage::{PageSize, decode_page_token, encode_page_token};

use super::App;
use crate::{
    domain::{
        alert::{Alert, NamedAlert},
        detection::{Severity, SignatureId},
    },
    store::{
        self,
        alert::{Filter, Position},
    },
};

/// Which alerts.
#[derive(Debug, Clone)]
pub struct ListAlerts {
    /// Of this school; of all the caller may see when not said.
    pub school: Option<SchoolId>,
    /// At least this bad.
    pub min_severity: Option<Severity>,
    /// Of this signature only.
    pub signature_id: Option<SignatureId>,
    /// In which this device takes part only.
    pub device: Option<DeviceId>,
    /// As in the request.
    pub page_size: i32,
    /// As in the request.
    pub page_token: String,
}

/// Some of the alerts.
#[derive(Debug, Clone)]
pub struct AlertPage {
    /// In order.
    pub alerts: Vec<NamedAlert>,
    /// Empty at the end.
    pub next_page_token: String,
    /// How many there are on all pages.
    pub total: u64,
}

/// One page of them, and how many there are on all pages.
pub async fn list_alerts(app: &App, cx: &Context, asked: ListAlerts) -> Result<AlertPage> {
    if let Some(school) = asked.school {
        cx.require(Action::AlertRead, school)?;
    }
    let scope = cx.scope(Action::AlertRead)?;
    let size = PageSize::from_request(asked.page_size)?;
    let severity = asked.min_severity.map(Severity::rank);
    let question = ("alerts", asked.school, severity, asked.signature_id.as_ref().map(SignatureId::as_str), asked.device);
    let after: Option<Position> = decode_page_token(&question, &asked.page_token)?;

    let filter = Filter {
        scope: scope.clone(),
        school: asked.school,
        min_severity: asked.min_severity,
        signature_id: asked.signature_id.clone(),
        device: asked.device,
    };
    let mut alerts = store::alert::list(app.database.reader(), &filter, after.as_ref(), size.with_peek()).await?;
    let total = store::alert::count(app.database.reader(), &filter).await?;
    let has_more = size.cut(&mut alerts);
    let next_page_token = match alerts.last() {
        Some(last) if has_more => encode_page_token(&question, &Position::after(last))?,
        _ => String::new(),
    };
    Ok(AlertPage { alerts: name_alerts(app, &scope, alerts).await?, next_page_token, total })
}

/// Says what the devices of alerts are called.
pub async fn name_alerts(app: &App, scope: &Scope, alerts: Vec<Alert>) -> Result<Vec<NamedAlert>> {
    let mut devices: Vec<DeviceId> = alerts.iter().flat_map(|alert| [alert.source_device, alert.destination_device]).flatten().collect();
    devices.sort_unstable();
    devices.dedup();
    let names = store::device_list::names_of(app.database.reader(), scope, &devices).await?;
    let name_of = |device: Option<DeviceId>| device.and_then(|id| names.get(&id)).cloned().unwrap_or_default();
    let named = alerts.into_iter().map(|alert| {
        let (source_name, destination_name) = (name_of(alert.source_device), name_of(alert.destination_device));
        NamedAlert { alert, source_name, destination_name }
    });
    Ok(named.collect())
}
