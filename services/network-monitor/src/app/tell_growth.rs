//! Tells of alerts that have grown, where batches left it for later.

use auth::{Action, Context, Resource};
use events::{Topic, outbox};
use runtime::Result;
use storage::Reach;

use super::App;
use crate::{
    domain::alert_change::{AlertChange, tell},
    outbound::alert_event,
    store,
};

/// Alerts in one transaction, each with up to 33 KiB.
const MOST_AT_ONCE: u64 = 100;

/// Takes schools in turn, some alerts of each, so that none waits for all of another's. Returns how many alerts were told.
pub async fn tell_growth(app: &App, cx: &Context) -> Result<u64> {
    cx.require(Action::AlertRecord, Resource::Platform)?;
    let scope = cx.scope(Action::AlertRecord)?;
    let now = cx.clock.now();
    let mut told = 0;
    loop {
        let schools = store::alert::schools_with_growth_due(&app.database.reader_within(Reach::Everything).await?, now).await?;
        if schools.is_empty() {
            return Ok(told);
        }
        for school in schools {
            let txn = app.database.begin().await?;
            store::contact::lock(&txn, school).await?;
            let due = store::alert::with_growth_due(&txn, school, now, MOST_AT_ONCE).await?;
            // Somebody may have asked for quiet while the growth waited.
            let quiet = store::suppression::in_force(&txn, school, now).await?;
            let mut changes = Vec::new();
            for mut named in store::device_list::name_alerts(&*txn, &scope, due).await? {
                let is_quiet = quiet.iter().any(|one| one.quiets(school, &named.alert.signature_id, now));
                named.alert.growth_due = None;
                let announcement = (!is_quiet).then(|| tell(&mut named.alert, now));
                if let Some(announcement) = announcement {
                    outbox::add(&txn, Topic::Alert, alert_event(cx, &named, announcement)).await?;
                    told += 1;
                }
                changes.push(AlertChange { alert: named.alert, devices: Default::default(), is_new: false, announcement, origin: 0 });
            }
            store::alert::save(&txn, &changes).await?;
            txn.commit().await?;
        }
    }
}
