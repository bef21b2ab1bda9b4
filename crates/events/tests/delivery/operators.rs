//! The operators' door to the dead letters.

use std::sync::{Arc, atomic::Ordering};

use auth::Function;
use proto::operations::v1::{
    GetDeadLetterRequest, ListDeadLettersRequest, ReplayDeadLettersRequest, dead_letter_service_client::DeadLetterServiceClient,
};
use schildwacht_events::DeadLetters;
use testkit::{Running, TestDatabase, TestIssuer, person, security_lines};
use tonic::{Code, service::Routes, transport::Channel};

use crate::world::{CONSUMER, TestHandler, World};

struct Door {
    world: World,
    handler: Arc<TestHandler>,
    issuer: TestIssuer,
    client: DeadLetterServiceClient<Channel>,
    _server: Running,
}

impl Door {
    async fn open(database: TestDatabase, texts: &[&str]) -> Self {
        let world = World::new(database).await;
        world.append(texts.iter().map(|text| world.event("key", text)).collect()).await;
        let handler: Arc<TestHandler> = Arc::default();
        let consumer = world.start_consumer(Arc::clone(&handler));
        world.until_all_is_done().await;
        consumer.request();

        let issuer = TestIssuer::start(world.clock.clone()).await;
        let letters = DeadLetters::default();
        letters.open(CONSUMER, world.database.clone(), Arc::clone(&handler));
        let routes = Routes::new(letters.api()).into_axum_router();
        let server = Running::start(issuer.authenticator().protect(routes)).await;
        let client = DeadLetterServiceClient::new(server.channel());
        Self { world, handler, issuer, client, _server: server }
    }
}

testkit::on_both_stores! {
    async fn operators_list_and_replay_and_it_is_audited(database: TestDatabase) {
        let mut door = Door::open(database, &["poison: 1", "poison: 2", "poison: 3"]).await;
        let operator = person(1, &[Function::Operator]);
        let list = ListDeadLettersRequest { page_size: 2, ..Default::default() };
        let first = door.client.list_dead_letters(door.issuer.request(&operator, list.clone())).await.unwrap().into_inner();
        assert_eq!((first.dead_letters.len(), first.total_size), (2, 3));
        let letter = &first.dead_letters[0];
        assert_eq!((letter.service.as_str(), letter.topic.as_str(), letter.reason.as_str()), (CONSUMER, "test.plain.v1", "test_poison"));
        assert!(letter.time.is_some() && letter.size_bytes > 0);
        let next = ListDeadLettersRequest { page_token: first.next_page_token.clone(), ..list };
        let second = door.client.list_dead_letters(door.issuer.request(&operator, next)).await.unwrap().into_inner();
        assert_eq!((second.dead_letters.len(), second.next_page_token.as_str()), (1, ""));

        door.handler.lenient.store(true, Ordering::Relaxed);
        let replay = ReplayDeadLettersRequest { dead_letter_ids: vec![letter.dead_letter_id.clone()], ..Default::default() };
        let replayed = door.client.replay_dead_letters(door.issuer.request(&operator, replay)).await.unwrap().into_inner();
        assert_eq!((replayed.replayed, replayed.failed), (1, 0));
        assert_eq!(door.world.letters().await.len(), 2);
        let actions = door.world.texts("SELECT action FROM audit_log").await;
        assert_eq!(actions.len(), 1, "{actions:?}");
    }

    async fn letters_say_whose_they_are_and_are_listed_by_school(database: TestDatabase) {
        let mut door = Door::open(database, &["poison: 1"]).await;
        let school = uuid::Uuid::from_u128(7).to_string();
        door.world.append(vec![door.world.event(&school, "poison: 2")]).await;
        let consumer = door.world.start_consumer(Arc::clone(&door.handler));
        door.world.until_all_is_done().await;
        consumer.request();
        let operator = person(1, &[Function::Operator]);
        let mut listed = async |school_id: &str| {
            let list = ListDeadLettersRequest { school_id: school_id.to_owned(), ..Default::default() };
            let answer = door.client.list_dead_letters(door.issuer.request(&operator, list)).await;
            answer.map(|page| page.into_inner().dead_letters.into_iter().map(|letter| letter.school_id).collect::<Vec<_>>())
        };
        assert_eq!(listed("").await.unwrap(), [school.as_str(), ""], "a key that names no school");
        assert_eq!(listed(&school).await.unwrap(), [school.as_str()]);
        assert_eq!(listed(&uuid::Uuid::from_u128(8).to_string()).await.unwrap(), [""; 0]);
        assert_eq!(listed("990105").await.unwrap_err().code(), Code::InvalidArgument);
    }

    async fn what_a_letter_says_is_shown_one_at_a_time_and_on_record(database: TestDatabase) {
        let mut door = Door::open(database, &["poison: 1", "poison: 2"]).await;
        let operator = person(1, &[Function::Operator]);
        let listed = door.client.list_dead_letters(door.issuer.request(&operator, ListDeadLettersRequest::default())).await.unwrap().into_inner();
        assert!(listed.dead_letters.iter().all(|letter| letter.excerpt.is_empty()));
        assert_eq!(door.world.count("audit_log").await, 0);

        let letter = listed.dead_letters[1].clone();
        let get = GetDeadLetterRequest { service: CONSUMER.to_owned(), dead_letter_id: letter.dead_letter_id.clone() };
        security_lines("dead_letter_shown");
        let shown = door.client.get_dead_letter(door.issuer.request(&operator, get)).await.unwrap().into_inner();
        let resource = format!("dead_letter:{}", letter.dead_letter_id);
        assert!(security_lines("dead_letter_shown").iter().any(|line| line.resource == resource && line.actor == operator.actor()));
        assert!(String::from_utf8_lossy(&shown.excerpt).contains("poison: 1"));
        assert_eq!(proto::operations::v1::DeadLetter { excerpt: Vec::new(), ..shown }, letter);
        let on_record = door.world.texts("SELECT action || ' ' || resource FROM audit_log").await;
        assert_eq!(on_record, [format!("dead_letter.show {resource}")]);

        let gone = GetDeadLetterRequest { service: CONSUMER.to_owned(), dead_letter_id: uuid::Uuid::from_u128(7).to_string() };
        assert_eq!(door.client.get_dead_letter(door.issuer.request(&operator, gone)).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(door.world.count("audit_log").await, 1);
    }

    async fn nobody_else_gets_in(database: TestDatabase) {
        let mut door = Door::open(database, &["poison: 1"]).await;
        for function in [Function::Responder, Function::ResponseLead] {
            let request = door.issuer.request(&person(2, &[function]), ListDeadLettersRequest::default());
            assert_eq!(door.client.list_dead_letters(request).await.unwrap_err().code(), Code::PermissionDenied);
            let request = door.issuer.request(&person(2, &[function]), GetDeadLetterRequest::default());
            assert_eq!(door.client.get_dead_letter(request).await.unwrap_err().code(), Code::PermissionDenied);
            let request = door.issuer.request(&person(2, &[function]), ReplayDeadLettersRequest::default());
            assert_eq!(door.client.replay_dead_letters(request).await.unwrap_err().code(), Code::PermissionDenied);
        }
        assert_eq!(door.client.list_dead_letters(ListDeadLettersRequest::default()).await.unwrap_err().code(), Code::Unauthenticated);
        assert_eq!(door.world.letters().await[0].attempts, 1);
    }

    async fn requests_that_make_no_sense_are_explained(database: TestDatabase) {
        let mut door = Door::open(database, &[]).await;
        let operator = person(1, &[Function::Operator]);
        let other = ListDeadLettersRequest { service: "someone-else".to_owned(), ..Default::default() };
        let refused = door.client.list_dead_letters(door.issuer.request(&operator, other)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        let no_ids = ReplayDeadLettersRequest { dead_letter_ids: vec!["seven".to_owned()], ..Default::default() };
        let refused = door.client.replay_dead_letters(door.issuer.request(&operator, no_ids)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}
