//! Lists the alerts of a case, in the order they were attached.

use auth::{Action, Context};
use runtime::{CaseId, Error, Result};
use serde::Serialize;
use storage::{Page, PageRequest, Paging};

use super::{App, record_case::fingerprint};
use crate::{domain::alert::Alert, store};

/// A page of a case's evidence.
#[derive(Debug, Clone, Serialize)]
pub struct ListEvidence {
    /// Of which case.
    pub case_id: CaseId,
    /// Whether raw events come along; their fingerprints always do.
    pub include_raw_events: bool,
    /// Which page.
    pub page: PageRequest,
}

/// An alert of a case, with a fingerprint that shows whether a copy of its raw event is whole.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// As it stood when last heard of.
    pub alert: Alert,
    /// SHA-256 of the raw event, hex.
    pub raw_event_sha256: String,
}

impl From<Alert> for Exhibit {
    fn from(alert: Alert) -> Self {
        Self { raw_event_sha256: fingerprint(&alert.raw_event), alert }
    }
}

/// Of a case within the caller's scope.
pub async fn list_evidence(app: &App, cx: &Context, asked: ListEvidence) -> Result<Page<Exhibit>> {
    let scope = cx.scope(Action::CaseRead)?;
    let paging = Paging::begin(&asked, &asked.page)?;
    let reader = app.database.reader();
    let case = store::case::find(reader, &scope, asked.case_id).await?.ok_or_else(|| Error::not_found("case"))?;
    // What a sensor saw is more than that there is a case: board members and DPOs see cases only.
    cx.require(Action::AlertRead, case.school.id)?;
    let page = store::evidence::list(reader, case.id, &paging).await?;
    Ok(page.map(|alert| {
        let mut exhibit = Exhibit::from(alert);
        if !asked.include_raw_events {
            exhibit.alert.raw_event.clear();
        }
        exhibit
    }))
}
