//! What a list gives can be read by itself, and what no list gives is not found, whatever functions the caller holds.

use auth::Principal;
use proto::network_monitor::v1::{GetAlertRequest, GetDeviceRequest, ListAlertsRequest, ListAlertsResponse, ListDevicesRequest};
use runtime::{BoardId, Ids, SchoolId};
use testkit::{
    arbitrary::{functions, samples},
    assert_agreement, on_both_stores, person,
};

use crate::world::{World, alert, flow};

/// Of devices and of alerts, how many could be read and how many could not, each at each school: they are of one of these.
async fn compare(world: &World, who: &Principal, schools: &[SchoolId], devices: &[String], alerts: &[String]) -> [[usize; 2]; 2] {
    let mut counts = [[0; 2]; 2];
    let mut listed = Vec::new();
    for school in schools {
        let school_id = school.to_string();
        let ask = ListDevicesRequest { school_id: school_id.clone(), ..Default::default() };
        let list = world.devices().list_devices(world.people.request(who, ask)).await;
        let list = list.map(|answer| answer.into_inner().devices.into_iter().map(|device| device.device_id).collect());
        let of_devices = assert_agreement(who, list, devices, async |device_id| {
            let ask = GetDeviceRequest { school_id: school_id.clone(), device_id: device_id.clone() };
            world.devices().get_device(world.people.request(who, ask)).await.map(drop)
        })
        .await;

        let ask = ListAlertsRequest { school_id: school_id.clone(), ..Default::default() };
        let list = world.alerts().list_alerts(world.people.request(who, ask)).await;
        let list = list.map(|answer| ids(answer.into_inner()));
        listed.extend(list.iter().flatten().cloned());
        let of_alerts = assert_agreement(who, list, alerts, async |alert_id| {
            let ask = GetAlertRequest { school_id: school_id.clone(), alert_id: alert_id.clone() };
            world.alerts().get_alert(world.people.request(who, ask)).await.map(drop)
        })
        .await;
        for (total, count) in counts.as_flattened_mut().iter_mut().zip([of_devices, of_alerts].as_flattened()) {
            *total += count;
        }
    }
    listed.sort_unstable();
    let everywhere = world.alerts().list_alerts(world.people.request(who, ListAlertsRequest::default())).await;
    let mut everywhere = everywhere.map(|answer| ids(answer.into_inner())).unwrap_or_default();
    everywhere.sort_unstable();
    assert_eq!(everywhere, listed, "{who:?} asks for the alerts of no school in particular");
    counts
}

fn ids(answer: ListAlertsResponse) -> Vec<String> {
    answer.alerts.into_iter().map(|alert| alert.alert_id).collect()
}

on_both_stores! {
    async fn lists_and_single_reads_agree(database: TestDatabase) {
        let world = World::start(&database).await;
        let new = Ids::counted();
        let board: BoardId = new.next();
        let schools = [world.school, world.other_school, new.next()];
        world.people.hierarchy().place(world.school, board);
        world.people.hierarchy().place(world.other_school, board);
        for school in schools {
            let seen = flow("2026-09-24T09:40:00+0000", "10.0.0.5") + &alert("2026-09-24T09:41:00+0000", 2_000_001, 2, "10.0.0.5", "203.0.113.9");
            world.post_as(world.new_gateway(), school, &seen).await;
        }
        let responder = world.responder();
        let (mut devices, mut alerts) = (Vec::new(), Vec::new());
        for school in schools {
            let ask = ListDevicesRequest { school_id: school.to_string(), ..Default::default() };
            let found = world.devices().list_devices(world.people.request(&responder, ask)).await.unwrap().into_inner();
            devices.extend(found.devices.into_iter().map(|device| device.device_id));
            let ask = ListAlertsRequest { school_id: school.to_string(), ..Default::default() };
            let found = world.alerts().list_alerts(world.people.request(&responder, ask)).await.unwrap().into_inner();
            alerts.extend(ids(found));
        }
        assert_eq!((devices.len(), alerts.len()), (3, 3));

        let mut totals = [[0; 2]; 2];
        for (functions, number) in samples(&functions(&schools, &[board])).into_iter().take(24).zip(300..) {
            let counts = compare(&world, &person(number, &functions), &schools, &devices, &alerts).await;
            for (total, count) in totals.as_flattened_mut().iter_mut().zip(counts.as_flattened()) {
                *total += count;
            }
        }
        assert!(totals.as_flattened().iter().all(|total| *total > 5), "each kind was often read and often not found: {totals:?}");
    }
}
