//! What operators hear because nobody nearer may confirm it.

use super::*;

/// Vendors whose only contact must be confirmed: nobody nearer than operators may.
async fn vendors_with_one_contact(world: &World, count: u128) -> Vec<Appointment> {
    let contacts = (1_000..1_000 + count).map(|number| world.appointment(number, Function::VendorContact(id(number)), FIRST_DAY, None));
    let contacts: Vec<_> = contacts.collect();
    world.keep(&contacts).await;
    contacts
}

/// A run that ends after the transactions of these places, before operators are mailed.
async fn crash_after(world: &World, places: &[Appointment], now: &str) {
    world.clock.set(moment(now));
    for appointment in places {
        let place = Place::of(appointment.function).unwrap().to_string();
        remind_at(&world.app, &world.cx, &place, moment(now), &mut Reminded::default()).await.unwrap();
    }
}

async fn left(world: &World) -> usize {
    let question = Statement::from_string(world.app.database.backend(), "SELECT appointment_id FROM passed_on");
    world.app.database.reader_within(Reach::Everything).await.unwrap().query_all_raw(question).await.unwrap().len()
}

on_both_stores! {
    async fn operators_are_asked_where_nobody_else_may_or_is_left(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        // The only board member; a director whose board has somebody else is not passed on.
        world.appoint(20, Function::BoardMember(board()), FIRST_DAY).await;
        world.appoint(21, Function::Director(school()), FIRST_DAY).await;
        // Operators cannot confirm a teacher; nobody but the teacher is a director.
        world.appoint(21, Function::Teacher(school()), FIRST_DAY).await;
        let sent = world.sent_at(MONTH).await;
        let heard: Vec<_> = sent.iter().map(|mail| (mail.0.clone(), named(mail), mail.1.contains(PASSED_ON))).collect();
        assert_eq!(heard, [(address(10), vec!["Persoon 20", "Persoon 21"], true), (address(20), vec!["Persoon 21"], false)]);
        let lines = ["bestuurslid / board member, Vzw Vaart, 24/11/2027\n", "leerkracht / teacher, De Zandloper, 24/11/2027\n"];
        assert!(lines.iter().all(|line| sent[0].1.contains(line)), "{}", sent[0].1);
    }

    async fn each_operator_gets_one_mail_about_all_places(database: TestDatabase) {
        let world = World::start(&database).await;
        for operator in [10, 11] {
            world.appoint(operator, Function::Operator, LATER).await;
        }
        world.appoint_until(12, Function::Operator, LATER, Some(MONTH)).await;
        vendors_with_one_contact(&world, 3).await;
        let sent = world.sent_at(MONTH).await;
        assert_eq!(sent.iter().map(|(to, _)| to.clone()).collect::<Vec<_>>(), [10, 11].map(address));
        for mail in &sent {
            assert_eq!(named(mail), ["Persoon 1000", "Persoon 1001", "Persoon 1002"]);
            assert!(mail.1.contains("Aantal plaatsen: 3."), "{}", mail.1);
        }
        assert_eq!(world.sent_at(MONTH).await, [], "once");
    }

    async fn both_reminders_are_in_one_mail_and_on_record(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        vendors_with_one_contact(&world, 2).await;
        world.appoint(20, Function::VendorContact(id(20)), "2026-11-01T09:00:00Z").await;
        let sent = world.sent_at(MONTH).await;
        let to_operator: Vec<_> = sent.iter().filter(|(to, _)| *to == address(10)).map(named).collect();
        assert_eq!(to_operator, [["Persoon 20", "Persoon 1000", "Persoon 1001"]], "the first to end first");
        let platform = world.history("platform").await;
        assert_eq!(platform, [("platform".to_owned(), serde_json::json!({ "month": 2, "week": 1, "places": 3, "mails": 1 }))]);
        let vendor = world.history(&format!("vendor:{}", Uuid::from_u128(20))).await;
        assert_eq!(vendor[0].1, serde_json::json!({ "month": 0, "week": 1, "mails": 1, "passed_on": 1 }));
    }

    async fn an_operator_does_not_hear_of_what_they_hold_themselves(database: TestDatabase) {
        let world = World::start(&database).await;
        for operator in [10, 11] {
            world.appoint(operator, Function::Operator, LATER).await;
        }
        world.appoint(10, Function::VendorContact(id(9)), FIRST_DAY).await;
        assert_eq!(world.told_at(MONTH).await, [address(11)]);
    }

    async fn what_a_crash_left_is_sent_by_the_next_run(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        let contacts = vendors_with_one_contact(&world, 3).await;
        crash_after(&world, &contacts[..2], MONTH).await;
        assert_eq!((left(&world).await, world.take_mails().await), (2, vec![]));
        let sent = world.sent_at(MONTH).await;
        assert_eq!(sent.iter().map(named).collect::<Vec<_>>(), [["Persoon 1000", "Persoon 1001", "Persoon 1002"]]);
        assert_eq!((left(&world).await, world.sent_at(MONTH).await), (0, vec![]));
    }

    async fn what_was_confirmed_or_ended_meanwhile_is_not_sent(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        let contacts = vendors_with_one_contact(&world, 4).await;
        crash_after(&world, &contacts, MONTH).await;
        let [confirmed, ended, ends, _] = contacts.as_slice() else { panic!("four") };
        let operator = world.by(10, Function::Operator);
        let asked = ConfirmAppointment { appointment_id: confirmed.id, etag: confirmed.etag() };
        confirm_appointment(&world.app, &operator, asked).await.unwrap();
        for (contact, at) in [(ended, MONTH), (ends, WEEK)] {
            let asked = EndAppointment { appointment_id: contact.id, at: Some(moment(at)), reason: None, etag: contact.etag() };
            end_appointment(&world.app, &operator, asked).await.unwrap();
        }
        let sent = world.sent_at(MONTH).await;
        assert_eq!(sent.iter().map(named).collect::<Vec<_>>(), [["Persoon 1003"]]);
        assert_eq!(left(&world).await, 0);
    }

    async fn a_reminder_that_was_left_gives_way_to_the_next(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        let contacts = vendors_with_one_contact(&world, 2).await;
        crash_after(&world, &contacts, MONTH).await;
        // By now, somebody nearer may confirm one of the two.
        world.appoint(20, contacts[0].function, LATER).await;
        let sent = world.sent_at(WEEK).await;
        let heard: Vec<_> = sent.iter().map(|mail| (mail.0.clone(), named(mail))).filter(|(to, _)| [10, 20].map(address).contains(to)).collect();
        assert_eq!(heard, [(address(10), vec!["Persoon 1001"]), (address(20), vec!["Persoon 1000"])]);
        assert_eq!(left(&world).await, 0);
    }

    async fn without_operators_nothing_is_kept(database: TestDatabase) {
        let world = World::start(&database).await;
        let contacts = vendors_with_one_contact(&world, 3).await;
        crash_after(&world, &contacts[..1], MONTH).await;
        assert_eq!(left(&world).await, 0, "there was nobody to pass it on to");

        world.appoint_until(10, Function::Operator, LATER, Some("2027-10-25T06:00:01Z")).await;
        crash_after(&world, &contacts[1..], MONTH).await;
        assert_eq!(left(&world).await, 2);
        assert_eq!(world.sent_at("2027-10-25T06:00:01Z").await, [], "the only operator has just ended");
        assert_eq!(left(&world).await, 0);
        assert_eq!(world.history("platform").await[0].1, serde_json::json!({ "month": 2, "week": 0, "places": 2, "mails": 0 }));
    }

    async fn two_runs_at_once_send_everything_once(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        // As many as a mail names.
        let contacts = vendors_with_one_contact(&world, 20).await;
        world.clock.set(moment(WEEK));
        let (one, other) = tokio::join!(world.run(), world.run());
        assert_eq!(one.appointments + other.appointments, 20);
        let sent = world.take_mails().await;
        assert_eq!(one.mails + other.mails, sent.len() as u64);
        let (to_operator, to_holders): (Vec<_>, Vec<_>) = sent.iter().partition(|(to, _)| *to == address(10));
        assert!((1..=2).contains(&to_operator.len()), "one of each run: {to_operator:?}");
        let mut heard: Vec<_> = to_operator.into_iter().flat_map(named).collect();
        heard.sort_unstable();
        let all: Vec<_> = contacts.iter().map(|contact| contact.person.name()).collect();
        assert_eq!((heard, to_holders.len(), left(&world).await), (all, 20, 0));
    }

    async fn runs_at_once_send_what_a_crash_left_once(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        let contacts = vendors_with_one_contact(&world, 3).await;
        crash_after(&world, &contacts, MONTH).await;
        // Their connections are open from here on, so that the runs begin together.
        assert_eq!(futures::future::join_all((0..4).map(|_| left(&world))).await, [3; 4]);
        let runs = futures::future::join_all((0..4).map(|_| world.run())).await;
        assert_eq!(runs.iter().map(|run| run.mails).sum::<u64>(), 1);
        assert_eq!(world.take_mails().await.iter().map(named).collect::<Vec<_>>(), [["Persoon 1000", "Persoon 1001", "Persoon 1002"]]);
    }

    async fn of_more_than_go_into_a_mail_the_others_come_in_a_second(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        // Nobody is their director.
        let teachers = (5_000..=5_000 + u128::from(pass_on::AT_ONCE)).map(|number| world.appointment(number, Function::Teacher(school()), FIRST_DAY, None));
        world.keep(&teachers.collect::<Vec<_>>()).await;
        let mut sent = world.sent_at(MONTH).await;
        sent.sort_by_key(|(_, text)| text.len());
        let said: Vec<_> = sent.iter().flat_map(|(_, text)| text.lines().filter(|line| line.starts_with("Aantal"))).collect();
        assert_eq!(said, ["Aantal functies: 1. Aantal plaatsen: 1.", "Aantal functies: 2000. Aantal plaatsen: 1."]);
    }

    async fn one_that_cannot_be_read_keeps_no_other_waiting(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        let contacts = vendors_with_one_contact(&world, 2).await;
        crash_after(&world, &contacts, MONTH).await;
        world.execute("UPDATE person SET email = '' WHERE name = 'Persoon 1000'").await;
        assert_eq!(world.sent_at(MONTH).await.iter().map(named).collect::<Vec<_>>(), [["Persoon 1001"]]);
        world.execute("UPDATE person SET email = '1000@school.example' WHERE name = 'Persoon 1000'").await;
        assert_eq!(world.sent_at(MONTH).await.iter().map(named).collect::<Vec<_>>(), [["Persoon 1000"]], "the next run tries it again");
    }

    async fn a_name_adds_no_line_to_an_operators_mail(database: TestDatabase) {
        let world = World::start_with(&database, "De\r\n- Zandloper\u{202e}\n\nBcc: allen@school.example", policies()).await;
        world.appoint(10, Function::Operator, LATER).await;
        world.appoint(20, Function::Teacher(school()), FIRST_DAY).await;
        let sent = world.sent_at(MONTH).await;
        assert_eq!(sent.iter().map(named).collect::<Vec<_>>(), [["Persoon 20"]]);
        assert!(sent[0].1.contains("leerkracht / teacher, De - Zandloper Bcc: allen@school.example, 24/11/2027\n"), "{}", sent[0].1);
    }
}
