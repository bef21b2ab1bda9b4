//! Redis holds the sessions of all replicas. While it is unavailable, nobody is treated as somebody else, as anonymous or as signed out, and
//! nothing that was written is lost; when it is back, what it kept goes on.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    caches::redis,
    support::{
        Town,
        browser::{Browser, Page},
        people,
        sample::CASE_IN_HAND,
    },
};

/// Longer nobody should look at an empty page; generous for a busy machine.
const SOON: Duration = Duration::from_secs(8);
const TEXT: &str = "Karim belde: de server staat uit.";

/// A Redis that the test may stop.
fn own_redis() -> Option<testkit::servers::Running> {
    redis().map(|_there_is_one| testkit::servers::REDIS.start_own().unwrap())
}

#[tokio::test]
async fn a_session_begun_at_one_replica_goes_on_at_another_and_ends_at_both() {
    let Some(redis) = redis() else { return };
    let town = Town::with_sessions_in(&redis).await;
    let mut here = town.browser_of(&people::noor()).await;
    let (mut there, _replica) = town.at_another_replica(&here).await;
    let page = there.get("/wachtrij").await;
    assert!(page.status == 200 && page.text.contains("Noor Claes"), "{}", page.text);

    // Both find the token too old at the same time.
    town.clock.advance(chrono::TimeDelta::minutes(6));
    let (one, other) = tokio::join!(here.get("/wachtrij"), there.get("/wachtrij"));
    assert_eq!((one.status, other.status), (200, 200));
    assert_eq!(town.issuer.refreshed(), 1, "the issuer would end the session if it saw a refresh token twice");

    let csrf = here.get("/wachtrij").await.hidden("csrf").unwrap();
    let noted = there.post(&format!("/zaken/{CASE_IN_HAND}/notitie"), &[("csrf", &csrf), ("tekst", TEXT)]).await;
    assert_eq!(noted.status, 303, "a form of one replica's page is believed at the other: {}", noted.text);

    here.post("/afmelden", &[("csrf", &csrf)]).await;
    assert!(there.get("/wachtrij").await.location().unwrap().starts_with("/aanmelden"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_away_pages_say_so_and_afterwards_the_session_goes_on() {
    let Some(mut redis) = own_redis() else { return };
    let town = Town::with_sessions_in(redis.address()).await;
    let mut noor = town.browser_of(&people::noor()).await;
    let csrf = noor.get("/wachtrij").await.hidden("csrf").unwrap();
    save(&redis);

    redis.stop();
    says_to_come_back(&town, &mut noor, &csrf).await;
    nobody_gets_in(&town).await;

    redis.start_again().unwrap();
    goes_on(&mut noor, &csrf).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_accepts_connections_and_answers_nothing_keeps_nobody_waiting() {
    let Some(redis) = own_redis() else { return };
    let town = Town::with_sessions_in(redis.address()).await;
    let mut noor = town.browser_of(&people::noor()).await;
    let csrf = noor.get("/wachtrij").await.hidden("csrf").unwrap();

    signal(&redis, "STOP");
    says_to_come_back(&town, &mut noor, &csrf).await;
    signal(&redis, "CONT");
    goes_on(&mut noor, &csrf).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_lost_everything_costs_a_sign_in_and_no_text() {
    let Some(mut redis) = own_redis() else { return };
    let town = Town::with_sessions_in(redis.address()).await;
    let mut noor = town.browser_of(&people::noor()).await;
    let csrf = noor.get("/wachtrij").await.hidden("csrf").unwrap();
    redis.kill();
    redis.start_again().unwrap();

    let problem = write_note(&mut noor, &csrf).await;
    assert!(problem.text.contains("U bent niet meer aangemeld") && gives_back(&problem), "{}", problem.text);
    town.issuer.next_to_sign_in(&people::noor());
    let page = noor.follow(&format!("/zaken/{CASE_IN_HAND}")).await;
    assert!(page.status == 200 && page.url.ends_with(CASE_IN_HAND.id()), "{}", page.url);
}

async fn says_to_come_back(town: &Town, noor: &mut Browser, csrf: &str) {
    let asked = town.faults.asked().len();
    for (address, words) in [
        ("/", "Schildwacht is even niet bereikbaar"),
        ("/wachtrij", "Probeer het over een minuut opnieuw"),
        (&format!("/zaken/{CASE_IN_HAND}"), "Probeer opnieuw</a>"),
    ] {
        let page = soon(noor.get(address)).await;
        assert_eq!((page.status, page.location()), (503, None), "{address}");
        assert!(page.text.contains(words) && !page.text.contains("Aanmelden</a>"), "{address}: {}", page.text);
    }
    let mut english = noor.clone();
    english.headers = [("accept-language".to_owned(), "en".to_owned())].into();
    let page = soon(english.get("/wachtrij")).await;
    assert!(page.status == 503 && page.text.contains("Try again in a minute"), "{}", page.text);

    let problem = soon(write_note(noor, csrf)).await;
    assert!(problem.status == 503 && gives_back(&problem), "{}", problem.text);
    assert!(problem.text.contains("Misschien is uw wijziging niet bewaard"), "{}", problem.text);

    // Who asks to be signed out is told that it did not work, and may ask again.
    let out = soon(noor.post("/afmelden", &[("csrf", csrf)])).await;
    assert_eq!(out.status, 503);
    assert!(noor.cookies.contains_key("schildwacht"));
    assert_eq!(town.faults.asked().len(), asked, "the services are asked on nobody's behalf");
}

async fn nobody_gets_in(town: &Town) {
    town.issuer.next_to_sign_in(&people::els());
    let mut els = town.browser();
    let page = soon(els.follow("/aanmelden")).await;
    assert!(page.status == 503 && page.text.contains("Schildwacht is even niet bereikbaar"), "{}", page.text);
    assert!(!els.cookies.contains_key("schildwacht"));
}

async fn goes_on(noor: &mut Browser, csrf: &str) {
    let page =
        testkit::eventually("the session to go on", async || Some(noor.get("/wachtrij").await).filter(|page| page.status != 503)).await;
    assert!(page.status == 200 && page.text.contains("Noor Claes"), "{}", page.status);
    assert_eq!(write_note(noor, csrf).await.status, 303, "the form of before is still believed");
}

async fn write_note(noor: &mut Browser, csrf: &str) -> Page {
    noor.post(&format!("/zaken/{CASE_IN_HAND}/notitie"), &[("csrf", csrf), ("tekst", TEXT)]).await
}

fn gives_back(page: &Page) -> bool {
    page.text.contains(&format!("{TEXT}</textarea>")) && page.text.contains("Kopieer uw tekst")
}

async fn soon<T>(answer: impl Future<Output = T>) -> T {
    let asked = Instant::now();
    let answer = answer.await;
    assert!(asked.elapsed() < SOON, "after {:?}", asked.elapsed());
    answer
}

/// Has it write what it holds to its folder, where it finds it when it is started again.
fn save(redis: &testkit::servers::Running) {
    let mut connection = TcpStream::connect(("127.0.0.1", redis.port())).unwrap();
    write!(connection, "AUTH {}\r\nSAVE\r\n", redis.password()).unwrap();
    let mut answers = [0; 10];
    connection.read_exact(&mut answers).unwrap();
    assert_eq!(&answers, b"+OK\r\n+OK\r\n");
}

fn signal(redis: &testkit::servers::Running, name: &str) {
    let process = redis.process_id().unwrap().to_string();
    assert!(Command::new("kill").args(["-s", name, &process]).status().unwrap().success());
}
