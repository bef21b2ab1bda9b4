//! When gateways were last heard.

use auth::{Function, Principal, Subject};
use chrono::{DateTime, TimeDelta, Utc};
use proto::network_monitor::v1::{GatewayContact, ListGatewayContactsRequest};
use runtime::GatewayId;
use testkit::{director_of, on_both_stores, person};
use tonic::{Code, Status};

use crate::world::{NOW, World, flow};

async fn contacts(world: &World, who: &Principal, gateways: &[GatewayId]) -> Result<Vec<GatewayContact>, Status> {
    let request = ListGatewayContactsRequest { gateway_ids: gateways.iter().map(ToString::to_string).collect() };
    Ok(world.contacts().list_gateway_contacts(world.people.request(who, request)).await?.into_inner().contacts)
}

fn heard(contacts: &[GatewayContact]) -> Vec<DateTime<Utc>> {
    contacts.iter().map(|contact| contact.last_receive_time.and_then(proto::time::moment).unwrap()).collect()
}

on_both_stores! {
    async fn a_gateway_is_heard_when_something_of_it_comes_in_and_not_when_that_happened(database: TestDatabase) {
        let world = World::start(&database).await;
        let now: DateTime<Utc> = NOW.parse().unwrap();
        assert_eq!(contacts(&world, &world.operator(), &[world.gateway]).await.unwrap(), [], "never heard");
        world.post(&flow("2026-09-20T09:40:00+0000", "10.0.0.5")).await;
        let first = contacts(&world, &world.operator(), &[world.gateway]).await.unwrap();
        assert_eq!(heard(&first), [now]);
        assert_eq!((&first[0].gateway_id, &first[0].school_id), (&world.gateway.to_string(), &world.school.to_string()));

        world.clock.advance(TimeDelta::minutes(10));
        world.post("{\"event_type\":\"stats\"}\n").await;
        let later = heard(&contacts(&world, &world.operator(), &[world.gateway]).await.unwrap());
        assert_eq!(later, [now + TimeDelta::minutes(10)], "also by what we have no use for");

        // As when it is replayed from the dead letters.
        world.clock.set(now - TimeDelta::days(1));
        world.post(&flow("2026-09-20T09:41:00+0000", "10.0.0.5")).await;
        assert_eq!(heard(&contacts(&world, &world.operator(), &[world.gateway]).await.unwrap()), later, "what comes late makes nothing older");
    }

    async fn who_may_see_a_gateway_sees_when_it_was_heard(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&flow("2026-09-24T09:40:00+0000", "10.0.0.5")).await;
        for who in [world.operator(), world.responder(), director_of(world.school), person(7, &[Function::IctCoordinator(world.school)])] {
            assert_eq!(contacts(&world, &who, &[world.gateway]).await.unwrap().len(), 1, "{who:?}");
        }
        assert_eq!(contacts(&world, &director_of(world.other_school), &[world.gateway]).await.unwrap(), []);
        assert_eq!(contacts(&world, &person(8, &[]), &[world.gateway]).await.unwrap_err().code(), Code::PermissionDenied);
    }

    async fn of_a_batch_of_gateways_a_school_is_told_of_its_own(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post(&flow("2026-09-24T09:40:00+0000", "10.0.0.5")).await;
        let theirs: GatewayId = world.new_gateway();
        world.post_as(theirs, world.other_school, &flow("2026-09-24T09:40:00+0000", "10.0.0.5")).await;
        let both = [world.gateway, theirs];
        assert_eq!(contacts(&world, &world.operator(), &both).await.unwrap().len(), 2);
        let own = contacts(&world, &director_of(world.other_school), &both).await.unwrap();
        assert_eq!(own.iter().map(|contact| contact.gateway_id.clone()).collect::<Vec<_>>(), [theirs.to_string()]);
        let gateway = Principal { subject: Subject::Gateway(world.gateway), name: String::new(), functions: vec![] };
        assert_eq!(contacts(&world, &gateway, &both).await.unwrap_err().code(), Code::PermissionDenied);
        let nobody = world.contacts().list_gateway_contacts(ListGatewayContactsRequest::default()).await.unwrap_err();
        assert_eq!(nobody.code(), Code::Unauthenticated);
    }

    async fn too_many_and_misspelt_ids_are_said_to_be_so(database: TestDatabase) {
        let world = World::start(&database).await;
        let refused = contacts(&world, &world.operator(), &[world.gateway; 101]).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let request = ListGatewayContactsRequest { gateway_ids: vec![world.gateway.to_string(), "gateway-7".to_owned()] };
        let refused = world.contacts().list_gateway_contacts(world.people.request(&world.operator(), request)).await.unwrap_err();
        assert!(refused.code() == Code::InvalidArgument && format!("{refused:?}").contains("gateway_ids[1]"), "{refused:?}");
    }
}
