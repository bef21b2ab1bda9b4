//! Lists cases in an order people ask for.

use std::collections::HashMap;

use auth::{Action, Context};
use chrono::{DateTime, Utc};
use runtime::{CaseId, PersonId, Result};
use serde::Serialize;
use storage::{Page, PageRequest, Paging};

use super::{App, acting_person};
use crate::{
    domain::{
        case::Case,
        case_devices::CaseDevices,
        queue::{Assignment, CaseOrder, QueueFilter},
    },
    store::{self, queue::QueueOrder},
};

/// Devices named of each case.
const DEVICES_NAMED: u32 = 3;

/// A page of cases.
#[derive(Debug, Clone, Serialize)]
pub struct ListCases {
    /// Which; whose is said apart.
    pub filter: QueueFilter,
    /// Whose.
    pub whose: Whose,
    /// In which order.
    pub order: CaseOrder,
    /// The other way round.
    pub reverse: bool,
    /// Which page.
    pub page: PageRequest,
}

/// Whose cases, as callers say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

/// What a page of cases says.
#[derive(Debug, Clone)]
pub struct ListedCases {
    /// The page.
    pub page: Page<Case>,
    /// Which devices its cases are about; a case without any is left out.
    pub devices: HashMap<CaseId, CaseDevices>,
    /// The moment of this answer.
    pub read_at: DateTime<Utc>,
}

/// Those within the caller's scope.
pub async fn list_cases(app: &App, cx: &Context, asked: ListCases) -> Result<ListedCases> {
    if let Some(school) = asked.filter.school {
        cx.require(Action::CaseRead, school)?;
    }
    let scope = cx.scope(Action::CaseRead)?;
    let mut paging = Paging::begin(&asked, &asked.page)?;
    let assignment = match asked.whose {
        Whose::All => Assignment::Anybody,
        Whose::Nobodys => Assignment::Nobody,
        Whose::Person(id) => Assignment::Person(id),
        Whose::Mine => Assignment::Person(acting_person(cx)?.id),
    };
    let filter = QueueFilter { assignment, ..asked.filter };

    // Before the reads: a case that opens while they run is still new to whoever asks again from this moment.
    let read_at = cx.clock.now();
    let order = QueueOrder { by: asked.order, reverse: asked.reverse, as_of: paging.as_of(read_at) };
    let reader = app.database.reader();
    let page = store::queue::list(reader, &scope, &filter, order, &paging).await?;
    let ids: Vec<CaseId> = page.rows.iter().map(|case| case.id).collect();
    let devices = store::case_device::first_of(reader, &ids, DEVICES_NAMED).await?;
    Ok(ListedCases { page, devices, read_at })
}
