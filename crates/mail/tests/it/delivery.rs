//! What is committed is sent, once, by whichever replica is there.

use std::collections::BTreeSet;

use auth::Principal;
use chrono::TimeDelta;
use runtime::Tasks;
use schildwacht_mail::Progress;
use storage::retention::Held;

use crate::{
    server::Manner,
    world::{AFTER_THE_LEASE, World, mail_to},
};

testkit::on_both_stores! {
    async fn a_committed_mail_is_sent_and_its_text_erased(database: TestDatabase) {
        let world = World::new(database).await;
        let id = world.queue(&mail_to("jan@school.example")).await;
        assert_eq!(world.waiting(id).await, (0, String::new()));
        let sender = world.sender();
        assert!(sender.send_next().await.unwrap());
        assert!(!sender.send_next().await.unwrap(), "nothing is left");

        let accepted = world.server.accepted();
        assert_eq!(accepted.len(), 1);
        assert_eq!((accepted[0].from.as_str(), accepted[0].to.as_slice()), ("schildwacht@example.org", &["jan@school.example".to_owned()][..]));
        assert!(accepted[0].message.contains("/u/geheim"), "{}", accepted[0].message);
        assert_eq!(world.progress(id).await, Progress::Sent { at: "2026-09-24T09:50:00Z".parse().unwrap() });
        let row = world.text_of_table().await;
        assert!(row.contains("jan@school.example") && !row.contains("geheim"), "{row}");
    }

    async fn a_mail_whose_change_was_rolled_back_is_not_sent(database: TestDatabase) {
        let world = World::new(database).await;
        world.queue_and_roll_back(&mail_to("jan@school.example")).await;
        assert!(!world.sender().send_next().await.unwrap());
        let id = world.queue(&mail_to("an@school.example")).await;
        world.send_all(&world.sender()).await;
        assert_eq!(world.server.accepted().len(), 1, "only the one that was committed");
        assert!(matches!(world.progress(id).await, Progress::Sent { .. }));
    }

    async fn replicas_share_the_queue_and_send_nothing_twice(database: TestDatabase) {
        const MAILS: usize = 40;
        let world = World::new(database).await;
        for number in 0..MAILS {
            world.queue(&mail_to(&format!("p{number}@school.example"))).await;
        }
        let replicas: [_; 4] = std::array::from_fn(|_| world.sender());
        futures::future::join_all(replicas.iter().map(|replica| world.send_all(replica))).await;
        // A replica that finds every due mail locked by others has nothing to do, so one turn more takes what came back.
        world.send_all(&replicas[0]).await;
        let accepted = world.server.accepted();
        let recipients: BTreeSet<_> = accepted.iter().map(|mail| mail.to.clone()).collect();
        assert_eq!((accepted.len(), recipients.len()), (MAILS, MAILS));
    }

    async fn a_mail_that_another_process_is_at_is_left_alone_until_its_lease_ends(database: TestDatabase) {
        let world = World::new(database).await;
        world.server.will([Manner::AcceptsInSilence]);
        let id = world.queue(&mail_to("jan@school.example")).await;
        let dying = world.sender();
        // The process ends after the server has accepted the mail, and before it is marked.
        tokio::select! {
            sent = dying.send_next() => panic!("the server says nothing: {sent:?}"),
            () = world.server.until_accepted(1) => {}
        }
        let other = world.sender();
        assert!(!other.send_next().await.unwrap(), "its lease goes on");
        assert_eq!(world.waiting(id).await.0, 1);

        world.clock.advance(AFTER_THE_LEASE);
        assert!(other.send_next().await.unwrap());
        let accepted = world.server.accepted();
        let message_ids: BTreeSet<_> = accepted.iter().map(|mail| mail.header("Message-ID").unwrap()).collect();
        assert_eq!(accepted.len(), 2);
        assert_eq!(message_ids, BTreeSet::from([format!("<{id}@example.org>")]), "known as one mail");
        assert!(matches!(world.progress(id).await, Progress::Sent { .. }));
    }

    async fn a_sender_that_comes_back_after_its_lease_changes_nothing_but_what_is_sure(database: TestDatabase) {
        let world = World::new(database).await;
        world.server.will([Manner::StallsAt("RCPT")]);
        let id = world.queue(&mail_to("jan@school.example")).await;
        let slow = world.sender();
        let overtaken = async {
            world.server.until_misbehaving().await;
            world.clock.advance(AFTER_THE_LEASE);
            world.send_all(&world.sender()).await;
            world.server.hang_up();
        };
        let (was_one, ()) = futures::future::join(slow.send_next(), overtaken).await;
        assert!(was_one.unwrap());
        assert!(matches!(world.progress(id).await, Progress::Sent { .. }));
        assert!(!world.text_of_table().await.contains("no_answer"), "the failure of the slow one is nobody's any more");
        assert_eq!(world.server.accepted().len(), 1);
    }

    async fn what_became_of_a_mail_is_forgotten_in_time(database: TestDatabase) {
        let world = World::new(database).await;
        let sent = world.queue(&mail_to("jan@school.example")).await;
        world.send_all(&world.sender()).await;
        let waiting = world.queue(&mail_to("an@school.example")).await;
        let ended = runtime::Clock::from(world.clock.clone()).now();
        let cx = testkit::context(Principal::service("test"), world.clock.clone());
        let remove_before = async |before| {
            let [aging] = schildwacht_mail::aging().try_into().unwrap();
            let txn = world.database.begin().await.unwrap();
            let removed = aging.remove(&txn, &cx, before, &Held::default()).await.unwrap();
            txn.commit().await.unwrap();
            removed
        };
        assert_eq!(remove_before(ended).await, 0);
        assert_eq!(remove_before(ended + TimeDelta::days(1)).await, 1);
        assert_eq!(schildwacht_mail::progress(world.database.reader(), sent).await.unwrap(), None);
        assert_eq!(world.waiting(waiting).await.0, 0, "what waits is kept");
    }

    async fn a_running_sender_sends_what_is_committed_and_ends_when_it_is_told_to(database: TestDatabase) {
        let world = World::new(database).await;
        let tasks = Tasks::new();
        tasks.spawn("mail", world.sender().run(tasks.shutdown()));
        for address in ["jan@school.example", "an@school.example"] {
            world.queue(&mail_to(address)).await;
        }
        world.server.until_accepted(2).await;
        tasks.shutdown().request();
        tasks.drain(testkit::PATIENCE).await.unwrap();
    }
}
