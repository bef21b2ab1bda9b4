//! Signing in and out, and files of lists, are on record as security events.

use auth::{Principal, Subject};
use chrono::TimeDelta;
use testkit::{SecurityLine, eventually, security_lines};
use uuid::Uuid;

use crate::support::{
    Town, people,
    sample::{CASE_IN_HAND, ZANDLOPER},
};

/// What is on record of somebody; tests run side by side.
fn lines(event: &str, who: &Principal) -> Vec<SecurityLine> {
    security_lines(event).into_iter().filter(|line| line.actor == who.actor()).collect()
}

/// Does something until it is on record, since a flood of events is cut.
async fn on_record(event: &str, who: &Principal, reason: &str, mut act: impl AsyncFnMut()) {
    security_lines(event);
    eventually(event, async || {
        act().await;
        lines(event, who).into_iter().find(|line| line.reason == reason)
    })
    .await;
}

#[tokio::test]
async fn signing_in_and_out_are_on_record() {
    let town = Town::new().await;
    let who = people::lotte_leads();
    on_record("signed_in", &who, "", async || drop(town.browser_of(&who).await)).await;
    on_record("signed_out", &who, "", async || drop(town.browser_of(&who).await.submit("/wachtrij", "/afmelden", &[]).await)).await;
}

#[tokio::test]
async fn a_sign_in_that_fails_is_on_record_with_the_reason() {
    let town = Town::new().await;
    security_lines("sign_in_failed");
    eventually("an event", async || {
        assert_eq!(town.browser().get("/aanmelden/terug?code=x&state=y").await.status, 400);
        security_lines("sign_in_failed").into_iter().find(|line| line.reason == "expired" && line.actor == "unverified")
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ends_by_itself_is_on_record_once_with_the_reason() {
    let town = Town::new().await;
    let who = people::sam();
    on_record("session_ended", &who, "idle", async || {
        let mut browser = town.browser_of(&who).await;
        town.clock.advance(TimeDelta::minutes(31));
        let before = lines("session_ended", &who).len();
        for _ in 0..3 {
            assert_eq!(browser.get("/wachtrij").await.status, 303);
        }
        assert!(lines("session_ended", &who).len() <= before + 1, "the cookie that a browser still sends ends nothing again");
    })
    .await;
    on_record("session_ended", &who, "not_renewed", async || {
        let mut browser = town.browser_of(&who).await;
        town.issuer.forget_everybody();
        town.clock.advance(TimeDelta::minutes(6));
        browser.get("/wachtrij").await;
    })
    .await;
}

#[tokio::test]
async fn sessions_that_an_operator_ends_are_on_record_with_whose_doing_it_was() {
    let town = Town::new().await;
    let (pieter, lotte) = (people::pieter_operates(), people::lotte_leads());
    let mut browser = town.browser_of(&pieter).await;
    security_lines("sessions_ended_by_operator");
    on_record("session_ended", &lotte, "ended_by_operator", async || {
        town.browser_of(&lotte).await;
        let fields = [("persoon", &*lotte.actor()), ("reden", "Laptop gestolen")];
        assert_eq!(browser.submit("/sessies", "/sessies", &fields).await.status, 303);
    })
    .await;
    eventually("whose doing", async || {
        browser.submit("/sessies", "/sessies", &[("persoon", &*lotte.actor()), ("reden", "Laptop gestolen")]).await;
        lines("sessions_ended_by_operator", &pieter).into_iter().find(|line| line.resource == lotte.actor())
    })
    .await;
}

#[tokio::test]
async fn files_of_lists_are_on_record() {
    let town = Town::new().await;
    let (karim, noor) = (people::karim(), people::noor());
    let mut browser = town.browser_of(&karim).await;
    security_lines("exported");
    let school = format!("school:{ZANDLOPER}");
    eventually("a file of devices", async || {
        assert_eq!(browser.get(&format!("/scholen/{ZANDLOPER}/toestellen/export.csv")).await.status, 200);
        lines("exported", &karim).into_iter().find(|line| line.action == "device.export" && line.resource == school)
    })
    .await;
    let mut browser = town.browser_of(&noor).await;
    eventually("a file of cases", async || {
        assert_eq!(browser.get("/wachtrij/export.csv").await.status, 200);
        lines("exported", &noor).into_iter().find(|line| line.action == "case.export" && line.resource == "platform")
    })
    .await;
}

#[tokio::test]
async fn a_page_asks_for_nothing_in_vain() {
    let town = Town::new().await;
    let board = people::board(1);
    town.place(ZANDLOPER, board);
    // Nobody else: what other tests ask as the DPO is refused for good reasons.
    let who =
        Principal { subject: Subject::Person(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0099).into()), ..people::dpo_of(board) };
    security_lines("authorisation_refused");
    let mut browser = town.browser_of(&who).await;
    let page = browser.get(&format!("/zaken/{CASE_IN_HAND}")).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert_eq!(lines("authorisation_refused", &who), [], "a refusal on record is one of a person, not of a page");
}
