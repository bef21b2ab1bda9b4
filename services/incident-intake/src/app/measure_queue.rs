//! Measures the queue, so that operators are warned when work is left lying.

use auth::{Action, Context, Resource, Scope};
use runtime::Result;

use super::App;
use crate::{domain::queue::start_of_day, store};

/// Counts the whole queue, as the service itself.
pub async fn measure_queue(app: &App, cx: &Context) -> Result<()> {
    cx.require(Action::CaseOpen, Resource::Platform)?;
    let now = cx.clock.now();
    let summary = store::queue::summarize(app.database.reader(), &Scope::Everything, None, now, start_of_day(now)).await?;
    app.metrics.queue_measured(&summary);
    Ok(())
}
