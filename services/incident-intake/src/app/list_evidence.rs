//! Lists the alerts of a case, in the order they were attached.

use auth::{Action, Context};
use runtime::{CaseId, Error, Result};
use storage::{PageSize, decode_page_token, encode_page_token};

use super::{App, record_case::fingerprint};
use crate::{domain::alert::Alert, store};

/// Whose evidence.
#[derive(Debug, Clone)]
pub struct ListEvidence {
    /// Of which case.
    pub case_id: CaseId,
    /// As in the request.
    pub page_size: i32,
    /// As in the request.
    pub page_token: String,
}

/// Some of the evidence.
#[derive(Debug, Clone)]
pub struct EvidencePage {
    /// In order.
    pub evidence: Vec<Exhibit>,
    /// Empty at the end.
    pub next_page_token: String,
    /// How many there are on all pages.
    pub total: u64,
}

/// One alert, with a fingerprint that shows whether a copy of its raw event is whole.
#[derive(Debug, Clone)]
pub struct Exhibit {
    /// As it stood when last heard of.
    pub alert: Alert,
    /// SHA-256 of the raw event, hex.
    pub raw_event_sha256: String,
}

/// One page of it; `NotFound` when the caller may not see the case.
pub async fn list_evidence(app: &App, cx: &Context, asked: ListEvidence) -> Result<EvidencePage> {
    let scope = cx.scope(Action::CaseRead)?;
    let size = PageSize::from_request(asked.page_size)?;
    let question = ("evidence", asked.case_id);
    let after: Option<i64> = decode_page_token(&question, &asked.page_token)?;

    let reader = app.database.reader();
    let case = store::case::find(reader, &scope, asked.case_id).await?.ok_or_else(|| Error::not_found("case"))?;
    let mut rows = store::evidence::list(reader, case.id, after, size.with_peek()).await?;
    let total = store::evidence::count(reader, case.id).await?;

    let has_more = size.cut(&mut rows);
    let next_page_token = match rows.last() {
        Some(last) if has_more => encode_page_token(&question, &last.position)?,
        _ => String::new(),
    };
    let exhibit = |alert: Alert| Exhibit { raw_event_sha256: fingerprint(&alert.raw_event), alert };
    Ok(EvidencePage { evidence: rows.into_iter().map(|row| exhibit(row.alert)).collect(), next_page_token, total })
}
