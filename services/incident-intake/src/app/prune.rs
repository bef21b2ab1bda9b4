//! Forgets what no longer matters: sightings whose window has passed, events taken in long ago, old dead letters.

use auth::{Action, Context};
use chrono::TimeDelta;
use events::{delivery::dead_letter, inbox};
use runtime::Result;

use super::App;
use crate::store;

/// Beyond the time that any topic we read keeps its records (30 days), so that none is taken in twice.
const INBOX_DAYS: i64 = 45;
/// Time enough to mend what went wrong and replay.
const DEAD_LETTER_DAYS: i64 = 90;
/// Sensors deliver late when a school's line was down.
const LATE_DELIVERY: TimeDelta = TimeDelta::days(1);

/// See the module.
pub async fn prune(app: &App, cx: &Context) -> Result<()> {
    cx.require_platform(Action::CaseOpen)?;
    let now = cx.clock.now();
    let longest_window = app.content.packs().iter().map(|pack| pack.body.longest_window()).max().unwrap_or_default();

    let txn = app.database.begin().await?;
    let sightings = store::waiting::prune(&txn, now - longest_window - LATE_DELIVERY).await?;
    txn.commit().await?;
    let taken_in = inbox::prune(&app.database, now - TimeDelta::days(INBOX_DAYS)).await?;
    let letters = dead_letter::prune(&app.database, now - TimeDelta::days(DEAD_LETTER_DAYS)).await?;
    tracing::debug!(name: "intake.pruned", sightings, taken_in, letters, "forgot what no longer matters");
    Ok(())
}
