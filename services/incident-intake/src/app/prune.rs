//! Removes sightings whose window has passed.

use auth::{Action, Context, Resource};
use chrono::TimeDelta;
use runtime::Result;

use super::App;
use crate::store;

/// Sensors deliver late when a school's line was down.
const LATE_DELIVERY: TimeDelta = TimeDelta::days(1);

/// What fails is done by the next run.
pub async fn prune(app: &App, cx: &Context) -> Result<()> {
    cx.require(Action::CaseOpen, Resource::Platform)?;
    let now = cx.clock.now();
    let longest_window = app.content.packs().iter().map(|pack| pack.body.longest_window()).max().unwrap_or_default();

    let txn = app.database.begin().await?;
    let sightings = store::waiting::prune(&txn, now - longest_window - LATE_DELIVERY).await?;
    txn.commit().await?;
    tracing::debug!(name: "intake.pruned", sightings, "sightings pruned");
    Ok(())
}

#[cfg(test)]
mod tests {

    use auth::Principal;
    use content::{Library, Settings};
    use runtime::{EventId, ManualClock, Shutdown};
    use testkit::{Store, TestDatabase};
    use uuid::Uuid;

    use super::*;
    use crate::{
        domain::{
            alert::{Alert, AlertNews, AlertSeverity, Endpoint, Signature},
            threshold::Sighting,
        },
        store::waiting::{Counted, Place},
    };

    #[tokio::test]
    async fn sightings_are_forgotten_once_no_window_can_hold_them() {
        let test = TestDatabase::new(Store::Sqlite).await.unwrap();
        let database = test.migrated(crate::migrations()).await;
        let app = App::new(database.clone(), Library::load(&Settings::default()).unwrap(), 20, Shutdown::default());
        let clock = ManualClock::at("2026-09-24T09:50:00Z".parse().unwrap());
        let cx = testkit::context(Principal::service("incident-intake"), clock.clone());
        let at = cx.clock.now();
        let alert = Alert {
            id: Uuid::from_u64_pair(0, 1).into(),
            school_id: Uuid::from_u64_pair(0, 2).into(),
            signature: Signature { id: "suricata:1:1".to_owned(), text: "ET SCAN".to_owned(), category: String::new() },
            severity: AlertSeverity::Low,
            source: Endpoint::default(),
            destination: Endpoint::default(),
            destination_count: 1,
            destination_ips: Vec::new(),
            protocol: String::new(),
            sensor: String::new(),
            first_at: at,
            last_at: at,
            event_count: 1,
            raw_event: String::new(),
        };
        let place = Place { school_id: alert.school_id, class_id: "scan-from-inside" };
        let window = TimeDelta::minutes(10);
        let news = AlertNews { alert, first: true, new_events: 1 };
        let sighting = Sighting { alert_id: news.alert.id, at, events: 1 };
        let counted = Counted { id: cx.ids.next::<EventId>(), news: &news, sighting, heard_at: at };
        let txn = database.begin().await.unwrap();
        store::waiting::add(&txn, place, window, counted).await.unwrap();
        txn.commit().await.unwrap();

        let left_after = async |time: TimeDelta| {
            clock.set(at + time);
            prune(&app, &cx).await.unwrap();
            let txn = database.begin().await.unwrap();
            let left = store::waiting::around(&txn, place, at, window).await.unwrap();
            txn.roll_back().await.unwrap();
            left.sightings.len()
        };
        assert_eq!(left_after(TimeDelta::days(2)).await, 1, "the longest window is a day, and a day is left for late delivery");
        assert_eq!(left_after(TimeDelta::days(2) + TimeDelta::seconds(1)).await, 0);
    }
}
