//! Servers that refuse, postpone, stall, hang up, and answer what was not asked.

use chrono::TimeDelta;
use schildwacht_mail::{Mailer, Progress, SmtpConfig};

use crate::{
    server::Manner,
    world::{World, mail_to, smtp},
};

/// Longer than every pause between attempts.
const LATER: TimeDelta = TimeDelta::hours(3);

testkit::on_both_stores! {
    async fn a_postponed_mail_is_tried_again_later(database: TestDatabase) {
        let world = World::new(database).await;
        world.server.will([
            Manner::Answers("RCPT", "451 4.7.1 <jan@school.example>: greylisted\r\n"),
            Manner::Answers(".", "452-4.2.2 The mailbox of\r\n452 4.2.2 jan@school.example is full\r\n"),
        ]);
        let (id, sender) = (world.queue(&mail_to("jan@school.example")).await, world.sender());
        world.send_all(&sender).await;
        assert_eq!(world.waiting(id).await, (1, "postponed: 451 4.7.1".to_owned()), "not at once again");
        world.clock.advance(LATER);
        world.send_all(&sender).await;
        assert_eq!(world.waiting(id).await, (2, "postponed: 452 4.2.2".to_owned()));
        world.clock.advance(LATER);
        world.send_all(&sender).await;
        assert!(matches!(world.progress(id).await, Progress::Sent { .. }));
        assert_eq!(world.server.accepted().len(), 1);
    }

    async fn a_refused_mail_is_given_up_with_the_servers_codes_and_without_its_words(database: TestDatabase) {
        let world = World::new(database).await;
        world.server.will([
            Manner::Answers("RCPT", "550 5.1.1 <jan@school.example>: no such person\r\n"),
            Manner::Answers("RCPT", "550 jan@school.example unknown\r\n"),
            Manner::Answers(".", "554 5.7.1 jan.1.2 looks like spam\r\n"),
        ]);
        for problem in ["refused: 550 5.1.1", "refused: 550", "refused: 554 5.7.1"] {
            let id = world.queue(&mail_to("jan@school.example")).await;
            world.send_all(&world.sender()).await;
            let Progress::GivenUp { problem: told, .. } = world.progress(id).await else { panic!("not given up: {problem}") };
            assert_eq!(told, problem);
        }
        assert_eq!(world.server.accepted(), []);
        assert!(!world.text_of_table().await.contains("geheim"), "the text is erased");
    }

    async fn one_bad_address_holds_up_no_other(database: TestDatabase) {
        let world = World::new(database).await;
        world.server.will([Manner::Answers("RCPT", "450 4.2.1 later\r\n"), Manner::HangsUpAt("DATA")]);
        for address in ["bad@school.example", "worse@school.example", "jan@school.example"] {
            world.queue(&mail_to(address)).await;
        }
        world.send_all(&world.sender()).await;
        let accepted: Vec<_> = world.server.accepted().into_iter().flat_map(|mail| mail.to).collect();
        assert_eq!(accepted, ["jan@school.example"]);
    }

    async fn what_is_refused_whatever_the_mail_gives_no_mail_up(database: TestDatabase) {
        let world = World::new(database).await;
        world.server.will([
            Manner::Answers("EHLO", "554 5.7.1 your address is on a list\r\n"),
            Manner::Answers("MAIL", "550 5.7.60 this account may not send as that one\r\n"),
            Manner::Answers("RCPT", "530 5.7.0 sign in first\r\n"),
        ]);
        let (id, sender) = (world.queue(&mail_to("jan@school.example")).await, world.sender());
        for words in ["on a list", "may not send as that one", "530 5.7.0"] {
            world.send_all(&sender).await;
            let (_, problem) = world.waiting(id).await;
            assert!(problem.starts_with("server_refused: ") && problem.contains(words), "the operator reads why: {problem}");
            world.clock.advance(LATER);
        }
        world.send_all(&sender).await;
        assert_eq!(world.server.accepted().len(), 1);
    }

    async fn a_server_that_does_not_answer_what_was_asked_is_not_believed(database: TestDatabase) {
        let world = World::new(database).await;
        let (id, sender) = (world.queue(&mail_to("jan@school.example")).await, world.sender());
        for (manner, reason) in [
            (Manner::SaysTwice(""), "not_understood: "),
            (Manner::SaysTwice("MAIL"), "not_understood: "),
            (Manner::SaysTwice("RCPT"), "not_understood: "),
            (Manner::Answers("DATA", "503 5.5.1 what?\r\n"), "not_understood: "),
            (Manner::Answers(".", "354 go on\r\n"), "not_understood: "),
            (Manner::Answers(".", "\u{1}\u{2} jan@school.example\r\n"), "no_answer: "),
            (Manner::Answers("RCPT", "999 what\r\n"), "no_answer: "),
        ] {
            world.server.will([manner]);
            world.send_all(&sender).await;
            let (_, problem) = world.waiting(id).await;
            assert!(problem.starts_with(reason) && !problem.contains('@'), "{manner:?}: {problem}");
            world.clock.advance(LATER);
        }
        assert_eq!(world.server.accepted(), []);
        world.send_all(&sender).await;
        assert!(matches!(world.progress(id).await, Progress::Sent { .. }));
    }

    async fn an_acceptance_that_is_said_twice_is_one(database: TestDatabase) {
        let world = World::new(database).await;
        world.server.will([Manner::SaysTwice(".")]);
        let id = world.queue(&mail_to("jan@school.example")).await;
        world.send_all(&world.sender()).await;
        assert!(matches!(world.progress(id).await, Progress::Sent { .. }));
        assert_eq!(world.server.accepted().len(), 1);
    }

    async fn a_server_that_hangs_up_is_tried_again(database: TestDatabase) {
        let world = World::new(database).await;
        world.server.will(["EHLO", "MAIL", "RCPT", "DATA", "."].map(Manner::HangsUpAt));
        let (id, sender) = (world.queue(&mail_to("jan@school.example")).await, world.sender());
        for attempt in 1..=5 {
            world.send_all(&sender).await;
            assert_eq!(world.waiting(id).await.0, attempt);
            world.clock.advance(LATER);
        }
        world.send_all(&sender).await;
        assert_eq!(world.server.accepted().len(), 1);
    }

    async fn a_server_that_stalls_is_left_after_the_time_out(database: TestDatabase) {
        let world = World::new(database).await;
        let impatient = world.sender_to(&SmtpConfig { timeout_seconds: 1, ..smtp(&world.server) });
        let id = world.queue(&mail_to("jan@school.example")).await;
        for (attempt, command) in [(1, "EHLO"), (2, "RCPT"), (3, ".")] {
            world.server.will([Manner::StallsAt(command)]);
            world.send_all(&impatient).await;
            assert_eq!(world.waiting(id).await, (attempt, "no_answer: no answer within 1 s".to_owned()), "{command}");
            world.clock.advance(LATER);
        }
        world.send_all(&world.sender()).await;
        assert!(matches!(world.progress(id).await, Progress::Sent { .. }));
    }

    async fn a_mail_is_given_up_after_two_days_with_the_last_reason(database: TestDatabase) {
        let world = World::new(database).await;
        let nobody = SmtpConfig { port: Some(testkit::free_port()), ..smtp(&world.server) };
        let (id, sender) = (world.queue(&mail_to("jan@school.example")).await, world.sender_to(&nobody));
        world.send_all(&sender).await;
        world.clock.advance(TimeDelta::hours(47));
        world.send_all(&sender).await;
        let (attempts, problem) = world.waiting(id).await;
        assert!(attempts == 2 && problem.starts_with("unreachable: ") && problem.contains("refused"), "{problem}");
        world.clock.advance(TimeDelta::hours(1));
        world.send_all(&sender).await;
        let Progress::GivenUp { problem, .. } = world.progress(id).await else { panic!("not given up after 48 hours") };
        assert!(problem.starts_with("unreachable: "), "{problem}");
    }

    async fn without_a_server_mail_waits_until_one_is_configured_or_it_is_given_up(database: TestDatabase) {
        let world = World::new(database).await;
        let nowhere = world.sender_with(Mailer::default());
        let sent = world.queue(&mail_to("jan@school.example")).await;
        world.send_all(&nowhere).await;
        assert!(world.waiting(sent).await.1.starts_with("not_configured: "));
        world.clock.advance(LATER);
        world.send_all(&world.sender()).await;
        assert!(matches!(world.progress(sent).await, Progress::Sent { .. }));

        let given_up = world.queue(&mail_to("jan@school.example")).await;
        world.clock.advance(TimeDelta::hours(48));
        world.send_all(&nowhere).await;
        assert!(matches!(world.progress(given_up).await, Progress::GivenUp { .. }));
    }
}
