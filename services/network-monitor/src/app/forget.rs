//! Removes what has been kept long enough.

use auth::{Action, Context, Resource};
use chrono::TimeDelta;
use runtime::Result;

use super::App;
use crate::{domain::usage, store};

/// How long a suppression is kept after its end, for those who wonder.
const ENDED_SUPPRESSIONS: TimeDelta = TimeDelta::days(30);

/// How many rows went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    pub devices: u64,
    /// Days of use.
    pub days: u64,
    pub alerts: u64,
    /// Suppressions that ended long ago.
    pub suppressions: u64,
}

/// In one transaction; what fails is done by the next run.
pub async fn forget(app: &App, cx: &Context) -> Result<Forgotten> {
    cx.require(Action::AlertRecord, Resource::Platform)?;
    let now = cx.clock.now();
    let days_ago = |days: u32| now - TimeDelta::days(days.into());
    let first_day = usage::first_kept(now, app.keep.usage_days);

    let txn = app.database.begin().await?;
    let forgotten = Forgotten {
        devices: store::device::forget(&txn, days_ago(app.keep.device_days)).await?,
        days: store::device::forget_use(&txn, first_day).await?,
        alerts: store::alert::forget(&txn, days_ago(app.keep.alert_days)).await?,
        suppressions: store::suppression::forget(&txn, now - ENDED_SUPPRESSIONS).await?,
    };
    txn.commit().await?;

    for (what, count) in [
        ("device", forgotten.devices),
        ("device_day", forgotten.days),
        ("alert", forgotten.alerts),
        ("suppression", forgotten.suppressions),
    ] {
        app.metrics.forgotten(what, count);
    }
    Ok(forgotten)
}

#[cfg(test)]
mod tests {
    use auth::Principal;
    use chrono::{DateTime, Utc};
    use runtime::{ManualClock, SchoolId};
    use testkit::on_both_stores;

    use super::*;
    use crate::{
        app::{Gathered, record_batch},
        config::{Bounds, Keep},
        domain::{sighting::Sighting, source::Source},
    };

    on_both_stores! {
        async fn what_is_old_goes_and_what_is_not_stays(database: TestDatabase) {
            let received: DateTime<Utc> = "2026-09-24T09:50:00Z".parse().unwrap();
            let clock = ManualClock::at(received);
            let database = database.migrated(crate::migrations()).await;
            let app = App::new(database.clone(), Keep { device_days: 90, usage_days: 35, alert_days: 365 }, Bounds { devices: 100, new_devices_per_hour: 100, new_alerts_per_hour: 100 });
            let cx = testkit::context(Principal::service("network-monitor"), clock.clone());
            let school: SchoolId = cx.ids.next();
            let mut gathered = Gathered::default();
            for (ip, days) in [("10.0.0.5", 0), ("10.0.0.6", 3_000)] {
                let seen = Sighting::of_address(Source::SuricataFlow, ip.parse().unwrap(), false, received - TimeDelta::days(days)).unwrap();
                gathered.record(school, None, received, Vec::new()).understood("suricata.flow", [seen], None);
            }
            let txn = database.begin().await.unwrap();
            record_batch(&app, &cx, &txn, &mut gathered).await.unwrap();
            txn.commit().await.unwrap();

            let first = forget(&app, &cx).await.unwrap();
            assert_eq!(first, Forgotten::default(), "a device just heard of stays, and its use of long ago was never kept");
            clock.advance(TimeDelta::days(36));
            let later = forget(&app, &cx).await.unwrap();
            assert_eq!(later, Forgotten { days: 1, ..Forgotten::default() });
            clock.advance(TimeDelta::days(55));
            let last = forget(&app, &cx).await.unwrap();
            assert_eq!(last, Forgotten { devices: 2, ..Forgotten::default() });
        }
    }
}
