//! What cannot be read.

use bytes::Bytes;
use events::Record;
use proto::operations::v1::{DeadLetter, GetDeadLetterRequest, ListDeadLettersRequest, ReplayDeadLettersRequest};
use testkit::on_both_stores;

use crate::world::{World, flow};

async fn letters(world: &World) -> Vec<DeadLetter> {
    let request = world.people.request(&world.operator(), ListDeadLettersRequest::default());
    let listed = world.dead_letters().list_dead_letters(request).await.unwrap().into_inner().dead_letters;
    let mut letters = Vec::new();
    for letter in listed {
        let get = GetDeadLetterRequest { service: letter.service, dead_letter_id: letter.dead_letter_id };
        letters.push(world.dead_letters().get_dead_letter(world.people.request(&world.operator(), get)).await.unwrap().into_inner());
    }
    letters.sort_by(|a, b| a.reason.cmp(&b.reason));
    letters
}

on_both_stores! {
    async fn lines_that_cannot_be_read_cost_only_themselves(database: TestDatabase) {
        let world = World::start(&database).await;
        let lines = format!("{}engine started\nengine stopped\n{{\"event_type\":\"flow\"}}\n{}", flow("2026-09-24T09:40:00+0000", "10.0.0.5"), flow("2026-09-24T09:41:00+0000", "10.0.0.6"));
        world.post(&lines).await;
        assert_eq!(world.all_devices().await.len(), 2);
        let letters = letters(&world).await;
        let seen: Vec<(&str, &str, &[u8])> = letters.iter().map(|letter| (letter.reason.as_str(), letter.detail.as_str(), letter.excerpt.as_slice())).collect();
        assert_eq!(
            seen,
            [
                ("missing_time", "events: 1; the first: timestamp", b"{\"event_type\":\"flow\"}\n".as_slice()),
                ("not_json", "events: 2", b"engine started\nengine stopped\n"),
            ],
            "one letter for each reason"
        );
    }

    async fn a_letter_that_is_replayed_and_still_unreadable_stays(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post("engine started\n").await;
        let request = world.people.request(&world.operator(), ReplayDeadLettersRequest::default());
        let replayed = world.dead_letters().replay_dead_letters(request).await.unwrap().into_inner();
        assert_eq!((replayed.replayed, replayed.failed), (0, 1));
        let letters = letters(&world).await;
        assert_eq!((letters[0].reason.as_str(), letters[0].attempts), ("not_json", 2));
    }

    async fn a_batch_that_cannot_be_read_at_all_is_kept_whole(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post_from(world.school, "application/x-ndjson", Some("gzip"), b"not gzip".to_vec()).await;
        world.post_from(world.school, "text/html", None, b"<html>".to_vec()).await;
        world.append(Record { key: Bytes::new(), headers: vec![], value: Some(Bytes::from_static(b"{}")) }).await;
        let letters = letters(&world).await;
        assert_eq!(letters.iter().map(|letter| letter.reason.as_str()).collect::<Vec<_>>(), ["damaged_compression", "header_unreadable", "unknown_media_type"]);
        assert_eq!(letters[0].excerpt, b"not gzip");
    }

    async fn a_record_whose_header_and_key_name_two_schools_is_neithers(database: TestDatabase) {
        let world = World::start(&database).await;
        let seen = flow("2026-09-24T09:40:00+0000", "10.0.0.5").into_bytes();
        let record = world.record(world.gateway, world.school, "application/x-ndjson", None, seen);
        world.append(Record { key: world.other_school.to_string().into(), ..record }).await;
        assert_eq!(world.all_devices().await.len(), 0);
        let letters = letters(&world).await;
        assert_eq!(letters.iter().map(|letter| letter.reason.as_str()).collect::<Vec<_>>(), ["header_and_key_differ"]);
        assert!(letters[0].detail.contains("schildwacht-school"), "{}", letters[0].detail);
    }

    async fn letters_never_take_much_more_than_the_record_they_are_about(database: TestDatabase) {
        let world = World::start(&database).await;
        let resource = "x".repeat(200_000);
        let records = r#"{"body":{"stringValue":"x"}},"#.repeat(2_000);
        let good = serde_json::to_string(&flow("2026-09-24T09:40:00+0000", "10.0.0.5")).unwrap();
        let request = format!(
            r#"{{"resourceLogs":[{{"resource":{{"attributes":[{{"key":"k","value":{{"stringValue":"{resource}"}}}}]}},"scopeLogs":[{{"logRecords":[{records}{{"body":{{"stringValue":{good}}}}}]}}]}}]}}"#
        );
        world.post_from(world.school, "application/json", None, request.clone().into_bytes()).await;
        assert_eq!(world.all_devices().await.len(), 1);
        let letters = letters(&world).await;
        assert_eq!(letters.len(), 1);
        assert_eq!((letters[0].reason.as_str(), letters[0].size_bytes), ("not_json", request.len() as i64));
        assert_eq!(letters[0].detail, "events: 2000; kept with all of its request");
    }

    async fn the_log_moves_on_after_poison(database: TestDatabase) {
        let world = World::start(&database).await;
        world.post_from(world.school, "application/x-protobuf", None, b"not protobuf".to_vec()).await;
        world.post(&flow("2026-09-24T09:40:00+0000", "10.0.0.5")).await;
        assert_eq!(world.all_devices().await.len(), 1);
    }
}
