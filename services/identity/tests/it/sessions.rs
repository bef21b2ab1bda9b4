//! Who may end all sessions of a person, and what is on record of it.

use proto::identity::v1::EndSessionsRequest;
use runtime::PersonId;
use testkit::on_both_stores;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::world::{World, operator, responder};

fn end(person_id: impl Into<String>, reason: &str) -> EndSessionsRequest {
    EndSessionsRequest { person_id: person_id.into(), reason: reason.to_owned() }
}

on_both_stores! {
    async fn an_operator_ends_sessions_of_a_person_whom_identity_need_not_know_and_it_is_on_record(database: TestDatabase) {
        let world = World::start(&database).await;
        let person = PersonId::from(Uuid::from_u128(7)).to_string();
        world.sessions().end_sessions(world.by(&operator(), end(&person, "Laptop gestolen"))).await.unwrap();
        let [actor, action, resource, detail] = world.last_act_of_the_platform().await;
        assert_eq!([actor, action, resource], [operator().actor(), "session.end".to_owned(), format!("person:{person}")]);
        assert!(detail.contains("Laptop gestolen"), "{detail}");
        world.assert_audit_trail_is_intact().await;
    }

    async fn a_request_that_says_not_whose_or_not_why_is_refused_with_both(database: TestDatabase) {
        let world = World::start(&database).await;
        for (person, reason) in [("Noor", String::new()), ("", "a".repeat(201))] {
            let refused = world.sessions().end_sessions(world.by(&operator(), end(person, &reason))).await.unwrap_err();
            let violations = refused.get_details_bad_request().unwrap().field_violations;
            let fields: Vec<&str> = violations.iter().map(|violation| violation.field.as_str()).collect();
            assert_eq!((refused.code(), fields), (Code::InvalidArgument, vec!["person_id", "reason"]));
        }
        let refused = world.sessions().end_sessions(world.by(&responder(), end(PersonId::from(Uuid::from_u128(7)).to_string(), "Zomaar"))).await;
        assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    }
}
