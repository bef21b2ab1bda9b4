//! Lists cases in an order people ask for.

use std::collections::HashMap;

use auth::{Action, Context};
use chrono::{DateTime, Utc};
use runtime::{CaseId, PersonId, Result};
use storage::{PageSize, decode_page_token, encode_page_token};

use super::{App, acting_person};
use crate::{
    domain::{
        case::Case,
        case_devices::CaseDevices,
        queue::{Assignment, CaseOrder, QueueFilter},
    },
    store::{
        self,
        queue::{Position, QueueOrder},
    },
};

/// Devices named of each case.
const DEVICES_NAMED: u32 = 3;

/// Which cases, in which order.
#[derive(Debug, Clone)]
pub struct ListCases {
    /// Which; whose is said apart.
    pub filter: QueueFilter,
    /// Whose.
    pub whose: Whose,
    /// In which order.
    pub order: CaseOrder,
    /// The other way round.
    pub reverse: bool,
    /// As in the request.
    pub page_size: i32,
    /// As in the request.
    pub page_token: String,
}

/// Whose cases, as callers say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Anybody's and nobody's.
    All,
    /// The caller's.
    Mine,
    /// One person's.
    Person(PersonId),
    /// Those that nobody has.
    Nobodys,
}

/// Some of the cases.
#[derive(Debug, Clone)]
pub struct CasePage {
    /// In order.
    pub cases: Vec<Case>,
    /// Which devices they are about; a case without any is left out.
    pub devices: HashMap<CaseId, CaseDevices>,
    /// Empty at the end.
    pub next_page_token: String,
    /// How many there are on all pages.
    pub total: u64,
    /// The moment of this answer.
    pub read_at: DateTime<Utc>,
}

/// One page of them, with figures for all pages.
pub async fn list_cases(app: &App, cx: &Context, asked: ListCases) -> Result<CasePage> {
    if let Some(school) = asked.filter.school {
        cx.require(Action::CaseRead, school)?;
    }
    let scope = cx.scope(Action::CaseRead)?;
    let size = PageSize::from_request(asked.page_size)?;
    let assignment = match asked.whose {
        Whose::All => Assignment::Anybody,
        Whose::Nobodys => Assignment::Nobody,
        Whose::Person(id) => Assignment::Person(id),
        Whose::Mine => Assignment::Person(acting_person(cx)?.id),
    };
    let filter = QueueFilter { assignment, ..asked.filter };
    let question = ("cases", &filter, asked.order, asked.reverse);
    let after: Option<Position> = decode_page_token(&question, &asked.page_token)?;

    // Before the reads: a case that opens while they run is still new to whoever asks again from this moment.
    let read_at = cx.clock.now();
    let reader = app.database.reader();
    let order = QueueOrder { by: asked.order, reverse: asked.reverse, as_of: after.as_ref().map_or(read_at, Position::as_of) };
    let mut placed = store::queue::list(reader, &scope, &filter, order, after.as_ref(), size.with_peek()).await?;
    let total = store::queue::count(reader, &scope, &filter).await?;

    let has_more = size.cut(&mut placed);
    let next_page_token = match placed.last() {
        Some(last) if has_more => encode_page_token(&question, &last.position)?,
        _ => String::new(),
    };
    let cases: Vec<Case> = placed.into_iter().map(|placed| placed.case).collect();
    let ids: Vec<CaseId> = cases.iter().map(|case| case.id).collect();
    let devices = store::case_device::first_of(reader, &ids, DEVICES_NAMED).await?;
    Ok(CasePage { cases, devices, next_page_token, total, read_at })
}
