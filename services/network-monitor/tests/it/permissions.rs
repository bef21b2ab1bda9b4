//! Who may see what.

use auth::{Function, Principal, Subject};
use proto::network_monitor::v1::{
    GetAlertRequest, GetDeviceRequest, ListAlertsRequest, ListDevicesRequest, ListSuppressionsRequest, SummarizeDevicesRequest,
};
use runtime::SchoolId;
use testkit::{director_of, on_both_stores, person};
use tonic::{Code, Request};

use crate::world::{World, alert, flow};

/// The code of every question about a school's things: device, devices, summary, alert, alerts, suppressions.
async fn codes(world: &World, who: &Principal, school: SchoolId, device: &str, alert: &str) -> [Code; 6] {
    fn code<T>(answer: Result<tonic::Response<T>, tonic::Status>) -> Code {
        answer.map_or_else(|status| status.code(), |_| Code::Ok)
    }
    let school_id = school.to_string();
    let (mut devices, mut alerts) = (world.devices(), world.alerts());
    let get_device = GetDeviceRequest { school_id: school_id.clone(), device_id: device.to_owned() };
    let get_alert = GetAlertRequest { school_id: school_id.clone(), alert_id: alert.to_owned() };
    let list_devices = ListDevicesRequest { school_id: school_id.clone(), ..Default::default() };
    let list_alerts = ListAlertsRequest { school_id: school_id.clone(), ..Default::default() };
    [
        code(devices.get_device(world.people.request(who, get_device)).await),
        code(devices.list_devices(world.people.request(who, list_devices)).await),
        code(devices.summarize_devices(world.people.request(who, SummarizeDevicesRequest { school_id: school_id.clone() })).await),
        code(alerts.get_alert(world.people.request(who, get_alert)).await),
        code(alerts.list_alerts(world.people.request(who, list_alerts)).await),
        code(alerts.list_suppressions(world.people.request(who, ListSuppressionsRequest { school_id, ..Default::default() })).await),
    ]
}

on_both_stores! {
    async fn a_school_sees_only_itself(database: TestDatabase) {
        use Code::{InvalidArgument, NotFound, Ok, PermissionDenied};
        let world = World::start(&database).await;
        world.post(&(flow("2026-09-24T09:40:00+0000", "10.0.0.5") + &alert("2026-09-24T09:40:00+0000", 100, 1, "10.0.0.5", "10.0.0.9"))).await;
        let device = world.all_devices().await["10.0.0.5"].device_id.clone();
        let alert = world.all_alerts().await.alerts[0].alert_id.clone();

        let own = codes(&world, &director_of(world.school), world.school, &device, &alert).await;
        assert_eq!(own, [Ok, Ok, Ok, Ok, Ok, PermissionDenied]);
        // Another school does not exist, and its things do not under one's own roof.
        let other = codes(&world, &director_of(world.other_school), world.school, &device, &alert).await;
        assert_eq!(other, [NotFound; 6]);
        let smuggled = codes(&world, &director_of(world.other_school), world.other_school, &device, &alert).await;
        assert_eq!(smuggled, [NotFound, Ok, Ok, NotFound, Ok, PermissionDenied]);
        let coordinator = person(7, &[Function::IctCoordinator(world.school)]);
        assert_eq!(codes(&world, &coordinator, world.school, &device, &alert).await, own);

        assert_eq!(codes(&world, &world.responder(), world.school, &device, &alert).await, [Ok; 6]);
        assert_eq!(codes(&world, &world.lead(), world.school, &device, &alert).await, [Ok; 6]);
        assert_eq!(codes(&world, &world.operator(), world.school, &device, &alert).await, [PermissionDenied; 6]);
        assert_eq!(codes(&world, &person(8, &[]), world.school, &device, &alert).await, [NotFound; 6]);
        let gateway = Principal { subject: Subject::Gateway(world.gateway), name: String::new(), functions: vec![] };
        assert_eq!(codes(&world, &gateway, world.school, &device, &alert).await, [NotFound; 6]);
        assert_eq!(codes(&world, &world.responder(), world.school, "x", "y").await[0], InvalidArgument);
    }

    async fn a_list_over_all_schools_holds_the_callers_own(database: TestDatabase) {
        let world = World::start(&database).await;
        for school in [world.school, world.other_school] {
            world.post_from(school, "application/x-ndjson", None, alert("2026-09-24T09:40:00+0000", 100, 1, "10.0.0.5", "10.0.0.9").into_bytes()).await;
        }
        let list = async |who: &Principal| {
            world.alerts().list_alerts(world.people.request(who, ListAlertsRequest::default())).await.unwrap().into_inner()
        };
        assert_eq!(list(&world.responder()).await.total_size, 2);
        let own = list(&director_of(world.other_school)).await;
        assert_eq!((own.total_size, own.alerts[0].school_id.as_str()), (1, world.other_school.to_string().as_str()));
    }

    async fn without_a_token_nothing_is_answered(database: TestDatabase) {
        let world = World::start(&database).await;
        let request = Request::new(ListAlertsRequest::default());
        assert_eq!(world.alerts().list_alerts(request).await.unwrap_err().code(), Code::Unauthenticated);
        let request = Request::new(SummarizeDevicesRequest { school_id: world.school.to_string() });
        assert_eq!(world.devices().summarize_devices(request).await.unwrap_err().code(), Code::Unauthenticated);
    }
}
