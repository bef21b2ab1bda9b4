//! Gives the figures above the queue, within what the caller may see.

use auth::{Action, Context};
use runtime::Result;

use super::App;
use crate::{
    domain::queue::{QueueSummary, start_of_day},
    store,
};

/// "Today" begins at midnight in Brussels.
pub async fn summarize_queue(app: &App, cx: &Context) -> Result<QueueSummary> {
    let scope = cx.scope(Action::CaseRead)?;
    let now = cx.clock.now();
    Ok(store::queue::summarize(app.database.reader(), &scope, cx.principal().person_id(), now, start_of_day(now)).await?)
}
