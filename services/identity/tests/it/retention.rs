//! What is known of people goes when its period is over.

use auth::Function;
use chrono::TimeDelta;
use events::Topic;
use proto::{
    identity::v1::{AcceptInvitationRequest, Appointment, CreateInvitationRequest, EndAppointmentRequest, School},
    operations::v1::{CreateHoldRequest, RunRetentionRequest, retention_service_client::RetentionServiceClient},
    time::timestamp,
};
use sea_orm::{ConnectionTrait as _, Statement};
use storage::Reach;
use testkit::{on_both_stores, person};

use crate::world::{World, director, id_of, operator};

async fn invite(world: &World, school: &School) {
    let function = Function::Teacher(id_of(school)).to_string();
    let ask = CreateInvitationRequest { email: "iemand@school.example".to_owned(), function, ..Default::default() };
    world.invitations().create_invitation(world.by(&director(school), ask)).await.unwrap();
}

async fn teacher(world: &World, school: &School, number: u64) -> Appointment {
    invite(world, school).await;
    let accept = AcceptInvitationRequest { token: world.links().await.pop().unwrap() };
    world.invitations().accept_invitation(world.by(&person(number, &[]), accept)).await.unwrap().into_inner()
}

async fn end(world: &World, school: &School, appointment: &Appointment) {
    let Appointment { appointment_id, etag, .. } = appointment.clone();
    let end = EndAppointmentRequest { appointment_id, etag, reason: "Met pensioen".to_owned(), end_time: None };
    world.appointments().end_appointment(world.by(&director(school), end)).await.unwrap();
}

async fn run_after(world: &World, days: i64) {
    world.clock.advance(TimeDelta::days(days));
    let request = world.by(&operator(), RunRetentionRequest::default());
    RetentionServiceClient::new(world.channel()).run_retention(request).await.unwrap();
}

async fn count(world: &World, table: &str) -> i64 {
    let question = Statement::from_string(world.database.backend(), format!("SELECT COUNT(*) AS many FROM {table}"));
    let reader = world.database.reader_within(Reach::Everything).await.unwrap();
    reader.query_one_raw(question).await.unwrap().unwrap().try_get("", "many").unwrap()
}

on_both_stores! {
    async fn a_person_goes_with_the_last_function_that_they_held_and_other_services_hear_of_it(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let (gone, stayed) = (teacher(&world, &zandloper, 40).await, teacher(&world, &zandloper, 41).await);
        end(&world, &zandloper, &gone).await;
        world.clock.advance(TimeDelta::days(2));
        end(&world, &zandloper, &stayed).await;
        run_after(&world, 1_824).await;
        assert_eq!((count(&world, "appointment").await, count(&world, "person").await), (2, 2), "not before five years are over");
        run_after(&world, 1).await;
        assert_eq!((count(&world, "appointment").await, count(&world, "person").await), (1, 1));
        let told = world.events(Topic::Function, 5).await;
        let last = |person: &str| told.iter().rfind(|envelope| envelope.key == person.as_bytes()).unwrap();
        assert_eq!(last(&gone.person_id).data, None, "a tombstone");
        assert!(last(&stayed.person_id).data.is_some());
        world.assert_audit_trail_is_intact().await;
    }

    async fn who_is_on_hold_stays(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        let teacher = teacher(&world, &zandloper, 40).await;
        end(&world, &zandloper, &teacher).await;
        run_after(&world, 1_800).await;
        let hold = CreateHoldRequest {
            subject: format!("person:{}", teacher.person_id),
            reason: "klacht".to_owned(),
            end_time: Some(timestamp(world.now() + TimeDelta::days(60))),
            request_id: String::new(),
        };
        RetentionServiceClient::new(world.channel()).create_hold(world.by(&operator(), hold)).await.unwrap();
        run_after(&world, 59).await;
        assert_eq!((count(&world, "appointment").await, count(&world, "person").await), (1, 1));
        run_after(&world, 1).await;
        assert_eq!((count(&world, "appointment").await, count(&world, "person").await), (0, 0));
    }

    async fn an_invitation_is_kept_for_a_year_after_its_link_and_a_mail_for_thirty_days(database: TestDatabase) {
        let world = World::start(&database).await;
        let (_, zandloper) = world.with_two_schools().await;
        invite(&world, &zandloper).await;
        let txn = world.database.begin().await.unwrap();
        let sent = Statement::from_sql_and_values(world.database.backend(), "UPDATE mail SET state = 'sent', lease = NULL, ended_at = $1", [world.now().into()]);
        txn.execute_raw(sent).await.unwrap();
        txn.commit().await.unwrap();
        run_after(&world, 30).await;
        assert_eq!((count(&world, "mail").await, count(&world, "invitation").await), (1, 1));
        run_after(&world, 1).await;
        assert_eq!((count(&world, "mail").await, count(&world, "invitation").await), (0, 1));
        run_after(&world, 365 + 7 - 31).await;
        assert_eq!(count(&world, "invitation").await, 1, "the link was good for seven days");
        run_after(&world, 1).await;
        assert_eq!(count(&world, "invitation").await, 0);
    }
}
