//! Who hears when, and that nobody hears twice.

mod passed_on;

use auth::{Policies, Principal, Subject};
use chrono::TimeDelta;
use runtime::{BoardId, Ids, ManualClock, SchoolId, VendorId};
use sea_orm::{ConnectionTrait as _, Statement};
use storage::{Reach, RequestKey};
use testkit::{TestDatabase, on_both_stores};
use uuid::Uuid;

use super::*;
use crate::{
    app::{ConfirmAppointment, EndAppointment, confirm_appointment, end_appointment},
    config::GatewayBounds,
    dns::Dns,
    domain::{Board, BoardKind, Person, School, Term},
};

/// What is appointed then must be confirmed by 24 November 2027, nine o'clock.
const FIRST_DAY: &str = "2026-11-24T09:00:00Z";
const MONTH: &str = "2027-10-25T06:00:00Z";
const WEEK: &str = "2027-11-17T06:00:00Z";
/// What is appointed then is not to be confirmed yet.
const LATER: &str = "2027-06-01T00:00:00Z";

/// What those read who are asked because nobody nearer may confirm.
const PASSED_ON: &str = "Niemand anders kan die functies nu bevestigen.";

fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn board() -> BoardId {
    id(1)
}

fn school() -> SchoolId {
    id(2)
}

/// Which know the board of the school.
fn policies() -> Policies {
    let policies = Policies::load().unwrap();
    policies.hierarchy().place(school(), board());
    policies
}

/// A mail in the queue: to whom, and its text.
type Sent = (String, String);

/// identity, with a board and a school of it.
struct World {
    app: App,
    clock: ManualClock,
    /// The service itself.
    cx: Context,
}

impl World {
    async fn start(database: &TestDatabase) -> Self {
        Self::start_with(database, "De Zandloper", policies()).await
    }

    async fn start_with(database: &TestDatabase, school_name: &str, policies: Policies) -> Self {
        let database = database.migrated(crate::migrations()).await;
        let board = Board { id: board(), number: "990010".parse().unwrap(), name: "Vzw Vaart".to_owned(), kind: BoardKind::Free };
        let school = School {
            id: school(),
            number: "990101".parse().unwrap(),
            name: school_name.to_owned(),
            municipality: "Aalter".to_owned(),
            board: board.clone(),
            sites: Vec::new(),
        };
        let txn = database.begin().await.unwrap();
        store::school::save_boards(&txn, &[board]).await.unwrap();
        store::school::save(&txn, &[school]).await.unwrap();
        txn.commit().await.unwrap();
        let bounds = GatewayBounds { gateways_of_a_school: 1, enrolments_of_a_school_per_day: 1 };
        let clock = ManualClock::at(moment(FIRST_DAY));
        let ids = Ids::random(clock.clone().into());
        let cx = Context::for_tests(Principal::service("identity"), clock.clone().into(), ids, policies);
        // No name is looked up.
        let dns = Dns::new(&[([127, 0, 0, 1], 9).into()]).unwrap();
        let app = App::new(database, bounds, dns.into(), "https://schildwacht.example/".parse().unwrap(), None);
        Self { app, clock, cx }
    }

    fn context_with(&self, principal: Principal, policies: Policies) -> Context {
        Context::for_tests(principal, self.clock.clone().into(), self.cx.ids.clone(), policies)
    }

    /// Somebody who calls.
    fn by(&self, number: u128, function: Function) -> Context {
        let principal = Principal { subject: Subject::Person(id(number)), name: String::new(), functions: vec![function] };
        self.context_with(principal, policies())
    }

    /// Persons have an address by their number: `7@school.example`.
    async fn appoint(&self, number: u128, function: Function, from: &str) -> Appointment {
        self.appoint_until(number, function, from, None).await
    }

    async fn appoint_until(&self, number: u128, function: Function, from: &str, until: Option<&str>) -> Appointment {
        let appointment = self.appointment(number, function, from, until);
        self.keep(std::slice::from_ref(&appointment)).await;
        appointment
    }

    fn appointment(&self, number: u128, function: Function, from: &str, until: Option<&str>) -> Appointment {
        let name = format!("Persoon {number}");
        let email = format!("{number}@school.example");
        let person = Person::known(id(number), name.as_str().try_into().unwrap(), email.as_str().try_into().unwrap());
        let term = Term::new(moment(from), until.map(moment)).unwrap();
        Appointment::appoint(self.cx.ids.next(), person, function, term, "person:0".to_owned()).0
    }

    async fn keep(&self, appointments: &[Appointment]) {
        let txn = self.app.database.begin().await.unwrap();
        for appointment in appointments {
            store::person::save(&txn, &appointment.person).await.unwrap();
            store::appointment::insert(&txn, appointment, &RequestKey::default()).await.unwrap();
        }
        txn.commit().await.unwrap();
    }

    async fn run(&self) -> Reminded {
        remind_of_confirmations(&self.app, &self.cx).await.unwrap()
    }

    /// Runs at a moment, and answers what that queued.
    async fn sent_at(&self, now: &str) -> Vec<Sent> {
        self.clock.set(moment(now));
        let reminded = self.run().await;
        let sent = self.take_mails().await;
        assert_eq!((reminded.mails, reminded.places_failed, reminded.schools_waiting), (sent.len() as u64, 0, 0));
        sent
    }

    /// The addresses of what a run then queued.
    async fn told_at(&self, now: &str) -> Vec<String> {
        self.sent_at(now).await.into_iter().map(|(to, _)| to).collect()
    }

    /// What is in the queue, by address; it is empty from now on.
    async fn take_mails(&self) -> Vec<Sent> {
        let txn = self.app.database.begin().await.unwrap();
        let backend = self.app.database.backend();
        let question = "SELECT to_address, subject, text FROM mail ORDER BY to_address, subject";
        let rows = txn.query_all_raw(Statement::from_string(backend, question)).await.unwrap();
        let text = |row: &sea_orm::QueryResult, column| row.try_get::<String>("", column).unwrap();
        let sent = rows.iter().map(|row| (text(row, "to_address"), format!("{}\n\n{}", text(row, "subject"), text(row, "text")))).collect();
        txn.execute_unprepared("DELETE FROM mail").await.unwrap();
        txn.commit().await.unwrap();
        sent
    }

    /// What reminders left in an audit chain: the resource and the detail.
    async fn history(&self, chain: &str) -> Vec<(String, serde_json::Value)> {
        let question = format!(
            "SELECT resource, detail FROM audit_log WHERE chain = '{chain}' AND actor = 'service:identity' AND action = 'function.remind' ORDER BY seq"
        );
        let question = Statement::from_string(self.app.database.backend(), question);
        let rows = self.app.database.reader().query_all_raw(question).await.unwrap();
        let text = |row: &sea_orm::QueryResult, column| row.try_get::<String>("", column).unwrap();
        rows.iter().map(|row| (text(row, "resource"), serde_json::from_str(&text(row, "detail")).unwrap())).collect()
    }

    async fn execute(&self, statement: &str) {
        let txn = self.app.database.begin().await.unwrap();
        txn.execute_unprepared(statement).await.unwrap();
        txn.commit().await.unwrap();
    }
}

/// The people who are named in a letter.
fn named((_, text): &Sent) -> Vec<&str> {
    text.lines().filter_map(|line| line.strip_prefix("- ")?.split(':').next()).collect()
}

fn address(number: u128) -> String {
    format!("{number}@school.example")
}

on_both_stores! {
    async fn who_may_confirm_hears_30_and_7_days_before_and_the_holder_7_days_before(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Director(school()), LATER).await;
        world.appoint(20, Function::Teacher(school()), FIRST_DAY).await;

        assert_eq!(world.sent_at("2027-10-25T05:59:59Z").await, []);
        let month = world.sent_at(MONTH).await;
        assert_eq!(month.iter().map(|(to, _)| to.as_str()).collect::<Vec<_>>(), ["10@school.example"]);
        assert_eq!(named(&month[0]), ["Persoon 20"]);
        let link = format!("https://schildwacht.example/scholen/{}/mensen\n", school());
        assert!(month[0].1.contains(&link) && month[0].1.contains("24/11/2027"), "{}", month[0].1);
        assert_eq!(world.sent_at(MONTH).await, [], "once");
        assert_eq!(world.sent_at("2027-11-17T05:59:59Z").await, []);

        let week = world.sent_at(WEEK).await;
        let [to_director, to_holder] = week.as_slice() else { panic!("{week:?}") };
        assert_eq!((to_director.0.as_str(), named(to_director)), ("10@school.example", vec!["Persoon 20"]));
        assert_eq!(to_holder.0, "20@school.example");
        assert!(to_holder.1.contains("- leerkracht / teacher, 24/11/2027. Vraag het aan / ask: directeur / head teacher\n"), "{}", to_holder.1);
        for now in [WEEK, "2027-11-24T08:59:59Z", "2027-11-24T09:00:00Z"] {
            assert_eq!(world.sent_at(now).await, [], "once, and none when it has ended: {now}");
        }
    }

    async fn what_was_sent_is_in_the_history_of_the_place(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Director(school()), LATER).await;
        for number in [20, 21] {
            world.appoint(number, Function::Teacher(school()), FIRST_DAY).await;
        }
        world.appoint(22, Function::Teacher(school()), "2026-11-01T09:00:00Z").await;
        world.sent_at(MONTH).await;
        let [(resource, detail)] = &world.history(&format!("school:{}", school())).await[..] else { panic!("one row") };
        assert_eq!(*resource, format!("school:{}", school()));
        assert_eq!(*detail, serde_json::json!({ "month": 2, "week": 1, "mails": 3, "passed_on": 0 }));
    }

    async fn each_recipient_gets_one_mail_about_a_place_that_names_everybody(database: TestDatabase) {
        let world = World::start(&database).await;
        for director in [10, 11] {
            world.appoint(director, Function::Director(school()), LATER).await;
        }
        for teacher in 20..23 {
            world.appoint(teacher, Function::Teacher(school()), FIRST_DAY).await;
        }
        world.appoint(20, Function::IctCoordinator(school()), "2026-11-24T23:00:00Z").await;
        let month = world.sent_at(MONTH).await;
        assert_eq!(month.iter().map(|(to, _)| to.clone()).collect::<Vec<_>>(), [10, 11].map(address));
        for mail in &month {
            assert_eq!(named(mail), ["Persoon 20", "Persoon 21", "Persoon 22", "Persoon 20"]);
        }
        let week = world.sent_at(WEEK).await;
        assert_eq!(week.iter().map(|(to, _)| to.clone()).collect::<Vec<_>>(), [10, 11, 20, 21, 22].map(address));
        assert_eq!(named(&week[2]).len(), 2, "both functions of one holder: {}", week[2].1);
        assert_eq!(named(&week[3]).len(), 1);
    }

    async fn reminders_of_two_kinds_on_one_day_are_two_mails(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Director(school()), LATER).await;
        world.appoint(20, Function::Teacher(school()), FIRST_DAY).await;
        world.appoint(21, Function::Teacher(school()), "2026-11-01T09:00:00Z").await;
        let sent = world.sent_at(MONTH).await;
        let to_director: Vec<_> = sent.iter().filter(|(to, _)| *to == address(10)).map(named).collect();
        assert_eq!((sent.len(), to_director.len()), (3, 2));
        assert!(to_director.contains(&vec!["Persoon 20"]) && to_director.contains(&vec!["Persoon 21"]));
    }

    async fn those_are_asked_whom_the_policies_let_confirm(database: TestDatabase) {
        let world = World::start(&database).await;
        let vendor: VendorId = id(3);
        let [operator, lead, member, head, colleague] = [10, 11, 12, 13, 14];
        for (person, function) in [
            (operator, Function::Operator),
            (lead, Function::ResponseLead),
            (member, Function::BoardMember(board())),
            (head, Function::Director(school())),
            (colleague, Function::VendorContact(vendor)),
        ] {
            world.appoint(person, function, LATER).await;
        }
        let mut from = moment(FIRST_DAY);
        for (function, asked) in [
            (Function::Teacher(school()), head),
            (Function::IctCoordinator(school()), head),
            (Function::Director(school()), member),
            (Function::BoardMember(board()), member),
            (Function::Dpo(board()), member),
            (Function::VendorContact(vendor), colleague),
            (Function::Responder, lead),
            (Function::ResponseLead, operator),
            (Function::Operator, operator),
            (Function::Reviewer, operator),
            (Function::Editor, operator),
        ] {
            // A day later each: of those before, nothing is due.
            from += TimeDelta::days(1);
            let appointment = world.appoint(20, function, &from.to_rfc3339()).await;
            world.clock.set(appointment.remind_at().unwrap());
            world.run().await;
            let sent = world.take_mails().await;
            assert_eq!(sent.iter().map(|(to, _)| to.clone()).collect::<Vec<_>>(), [address(asked)], "{function}");
            assert!(!sent[0].1.contains(PASSED_ON), "{function}: {}", sent[0].1);
            world.execute("DELETE FROM appointment WHERE reminded IS NOT NULL").await;
        }
    }

    async fn nobody_is_asked_about_their_own_function(database: TestDatabase) {
        let world = World::start(&database).await;
        let member = Function::BoardMember(board());
        for person in [10, 11, 12] {
            world.appoint(person, member, FIRST_DAY).await;
        }
        let sent = world.sent_at(MONTH).await;
        let heard: Vec<_> = sent.iter().map(|mail| (mail.0.clone(), named(mail))).collect();
        let [first, second, third] = ["Persoon 10", "Persoon 11", "Persoon 12"];
        assert_eq!(heard, [(address(10), vec![second, third]), (address(11), vec![first, third]), (address(12), vec![first, second])]);
    }

    async fn who_has_nobody_to_confirm_them_hears_it_themselves(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, FIRST_DAY).await;
        assert_eq!(world.sent_at(MONTH).await, [], "nobody confirms themselves");
        let sent = world.sent_at(WEEK).await;
        assert_eq!(sent.len(), 1);
        assert!(sent[0].0 == address(10) && sent[0].1.contains("U verliest een functie"), "{sent:?}");
    }

    async fn only_those_who_hold_their_function_now_are_asked(database: TestDatabase) {
        let world = World::start(&database).await;
        let director = Function::Director(school());
        world.appoint(10, Function::Operator, LATER).await;
        world.appoint_until(11, director, LATER, Some(MONTH)).await;
        world.appoint(12, director, "2027-10-25T06:00:01Z").await;
        world.appoint(20, Function::Teacher(school()), FIRST_DAY).await;
        assert_eq!(world.told_at(MONTH).await, [address(10)], "one director has just ended, one begins in a second");
    }

    async fn who_begins_and_ends_within_a_second_is_asked(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint_until(10, Function::Director(school()), MONTH, Some("2027-10-25T06:00:01Z")).await;
        world.appoint(20, Function::Teacher(school()), FIRST_DAY).await;
        assert_eq!(world.told_at(MONTH).await, [address(10)]);
    }

    async fn what_is_confirmed_is_reminded_of_a_year_later(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Director(school()), LATER).await;
        let teacher = world.appoint(20, Function::Teacher(school()), FIRST_DAY).await;
        assert_eq!(world.told_at(MONTH).await, [address(10)]);
        let asked = ConfirmAppointment { appointment_id: teacher.id, etag: teacher.etag() };
        let confirmed = confirm_appointment(&world.app, &world.by(10, Function::Director(school())), asked).await;
        let confirmed = confirmed.expect("a reminder does not change the etag that a page holds");
        assert_eq!(world.told_at(WEEK).await, [""; 0]);
        world.appoint(11, Function::Director(school()), "2028-06-01T00:00:00Z").await;
        assert_eq!(confirmed.confirm_by, moment("2028-10-24T06:00:00Z"));
        assert_eq!(world.told_at("2028-09-24T06:00:00Z").await, [address(11)]);
        assert_eq!(world.told_at("2028-10-17T06:00:00Z").await, [address(11), address(20)]);
    }

    async fn who_stops_needs_no_confirmation(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Director(school()), LATER).await;
        let teacher = Function::Teacher(school());
        world.appoint_until(20, teacher, FIRST_DAY, Some("2027-11-24T08:59:59Z")).await;
        world.appoint_until(21, teacher, FIRST_DAY, Some("2027-11-24T09:00:01Z")).await;
        let stops = world.appoint(22, teacher, FIRST_DAY).await;
        world.clock.set(moment(LATER));
        let asked = EndAppointment { appointment_id: stops.id, at: Some(moment("2027-11-20T00:00:00Z")), reason: None, etag: stops.etag() };
        end_appointment(&world.app, &world.by(10, Function::Director(school())), asked).await.unwrap();
        let sent = world.sent_at(MONTH).await;
        assert_eq!(sent.iter().map(named).collect::<Vec<_>>(), [["Persoon 21"]], "a confirmation gives this one a second more");
    }

    async fn after_days_without_a_run_the_last_reminder_is_sent_once(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Director(school()), LATER).await;
        world.appoint(20, Function::Teacher(school()), FIRST_DAY).await;
        assert_eq!(world.told_at("2027-11-17T05:59:59Z").await, [address(10)], "that of 30 days, three weeks late");
        assert_eq!(world.told_at("2027-11-24T08:59:59Z").await, [address(10), address(20)], "that of 7 days, at the last moment");
        assert_eq!(world.told_at("2027-11-24T08:59:59Z").await, [""; 0]);

        world.appoint(21, Function::Teacher(school()), "2026-12-24T09:00:00Z").await;
        assert_eq!(world.told_at("2027-12-20T00:00:00Z").await, [address(10), address(21)], "of two, the last alone");
        assert_eq!(world.told_at("2027-12-20T00:00:00Z").await, [""; 0]);
        world.appoint(22, Function::Teacher(school()), "2026-12-24T09:00:00Z").await;
        assert_eq!(world.told_at("2027-12-24T09:00:00Z").await, [""; 0], "it has ended");
    }

    async fn a_confirmation_during_a_run_is_not_undone(database: TestDatabase) {
        let world = World::start(&database).await;
        let contacts: Vec<_> = (1_000..1_020).map(|number| world.appointment(number, Function::VendorContact(id(number)), FIRST_DAY, None)).collect();
        world.keep(&contacts).await;
        world.clock.set(moment(WEEK));
        let confirmations = contacts.iter().map(async |contact| {
            let asked = ConfirmAppointment { appointment_id: contact.id, etag: contact.etag() };
            confirm_appointment(&world.app, &world.by(10, contact.function), asked).await.unwrap();
        });
        tokio::join!(world.run(), futures::future::join_all(confirmations));
        for contact in contacts {
            let reader = world.app.database.reader_within(Reach::Everything).await.unwrap();
            let now = store::appointment::find(&reader, contact.id).await.unwrap().unwrap();
            assert_eq!((now.confirm_by, now.reminded), (moment("2028-11-16T06:00:00Z"), None));
        }
    }

    async fn all_places_and_all_of_a_place_are_reached(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Operator, LATER).await;
        world.appoint(11, Function::Director(school()), LATER).await;
        let vendors = u128::from(PLACES_AT_ONCE);
        let contacts = (0..vendors).map(|number| (1_000 + number, Function::VendorContact(id(1_000 + number))));
        let teachers = (0..=u128::from(AT_ONCE)).map(|number| (5_000 + number, Function::Teacher(school())));
        let all: Vec<_> = contacts.chain(teachers).map(|(number, function)| world.appointment(number, function, FIRST_DAY, None)).collect();
        world.keep(&all).await;
        world.clock.set(moment(MONTH));
        let reminded = world.run().await;
        assert_eq!((reminded.appointments, reminded.mails), (all.len() as u64, 3));
        let sent = world.take_mails().await;
        let to_director: Vec<_> = sent.iter().filter(|(to, _)| *to == address(11)).map(|mail| named(mail).len()).collect();
        assert_eq!(to_director.len(), 2, "500 in the one, the last in the other");
        assert!(to_director.contains(&21) && to_director.contains(&1), "20 names and how many more: {to_director:?}");
        assert_eq!(world.run().await, Reminded::default());
    }

    async fn a_school_whose_board_is_not_known_yet_waits(database: TestDatabase) {
        let unknown = World::start_with(&database, "De Zandloper", Policies::load().unwrap()).await;
        unknown.appoint(10, Function::Operator, LATER).await;
        unknown.appoint(11, Function::BoardMember(board()), LATER).await;
        unknown.appoint(20, Function::Director(school()), FIRST_DAY).await;
        unknown.appoint(21, Function::VendorContact(id(9)), FIRST_DAY).await;
        unknown.clock.set(moment(MONTH));
        assert_eq!(unknown.run().await, Reminded { appointments: 1, mails: 1, schools_waiting: 1, ..Reminded::default() });
        let sent = unknown.take_mails().await;
        assert_eq!(sent.iter().map(named).collect::<Vec<_>>(), [["Persoon 21"]], "the place after it does not wait");
        let known = World { cx: unknown.context_with(Principal::service("identity"), policies()), ..unknown };
        assert_eq!(known.told_at(MONTH).await, [address(11)]);
    }

    async fn a_place_that_cannot_be_read_keeps_no_other_waiting(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(10, Function::Director(school()), LATER).await;
        world.appoint(20, Function::Dpo(board()), FIRST_DAY).await;
        world.appoint(21, Function::Teacher(school()), FIRST_DAY).await;
        world.execute("UPDATE appointment SET function = 'emperor' WHERE place LIKE 'board:%'").await;
        world.clock.set(moment(MONTH));
        assert_eq!(world.run().await, Reminded { appointments: 1, mails: 1, places_failed: 1, ..Reminded::default() });
        assert_eq!(world.take_mails().await.iter().map(named).collect::<Vec<_>>(), [["Persoon 21"]]);
    }

    async fn a_name_adds_no_line_to_a_mail(database: TestDatabase) {
        let world = World::start_with(&database, "De\r\n- Zandloper\u{202e}\n\nBcc: allen@school.example", policies()).await;
        world.appoint(10, Function::Director(school()), LATER).await;
        world.appoint(20, Function::Teacher(school()), FIRST_DAY).await;
        for mail in world.sent_at(WEEK).await {
            let (_, text) = &mail;
            assert_eq!(named(&mail).len(), 1, "{text}");
            assert_eq!(text.lines().next().unwrap().matches("De - Zandloper Bcc: allen@school.example").count(), 1, "{text}");
        }
    }

    async fn nobody_but_the_service_sends_reminders(database: TestDatabase) {
        let world = World::start(&database).await;
        world.appoint(20, Function::Teacher(school()), FIRST_DAY).await;
        world.clock.set(moment(MONTH));
        for cx in [world.by(10, Function::Operator), world.context_with(Principal::service("portal"), policies())] {
            let refused = remind_of_confirmations(&world.app, &cx).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
        }
        assert_eq!(world.take_mails().await, []);
    }
}
