//! The stream behind the "n new" pill.

use http::header;

use crate::support::{Town, browser::Browser, people, this_morning};

/// An open stream, read as text.
struct Stream(reqwest::Response, String);

impl Stream {
    async fn open(town: &Town, browser: &Browser, question: &str) -> Self {
        let address = format!("{}/wachtrij/stroom?{question}sinds={}", town.url(), this_morning().timestamp_micros());
        let cookie = format!("schildwacht={}", browser.cookies["schildwacht"]);
        let response = testkit::http_client()
            .get(address)
            .header(header::COOKIE, cookie)
            .header(header::ACCEPT_ENCODING, "gzip")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        assert!(!response.headers().contains_key(header::CONTENT_ENCODING), "a compressed stream would wait in a buffer");
        Self(response, String::new())
    }

    /// Reads until this is said.
    async fn hear(&mut self, expected: &str) {
        let heard = async {
            while !self.1.contains(expected) {
                let Some(chunk) = self.0.chunk().await.unwrap() else { panic!("the stream ended: {}", self.1) };
                self.1.push_str(std::str::from_utf8(&chunk).unwrap());
            }
        };
        tokio::time::timeout(testkit::PATIENCE, heard).await.unwrap_or_else(|_| panic!("not heard {expected:?}: {}", self.1));
    }

    async fn end(mut self) {
        let ended = async { while self.0.chunk().await.ok().flatten().is_some() {} };
        tokio::time::timeout(testkit::PATIENCE, ended).await.expect("the stream should end");
    }
}

#[tokio::test]
async fn new_cases_are_counted_and_said_in_the_visitors_words() {
    let town = Town::new().await;
    let noor = town.browser_of(&people::noor()).await;
    let mut stream = Stream::open(&town, &noor, "").await;
    stream.hear("retry: 5000").await;
    town.open_a_case().await;
    stream.hear("event: nieuw\ndata: 1\u{a0}nieuw incident\n").await;
    town.open_a_case().await;
    town.open_a_case().await;
    stream.hear("data: 3\u{a0}nieuwe incidenten\n").await;
}

#[tokio::test]
async fn only_what_fits_the_list_counts() {
    let town = Town::new().await;
    let noor = town.browser_of(&people::noor()).await;
    let mut mine = Stream::open(&town, &noor, "weergave=mij&").await;
    mine.hear("retry: 5000\n\n").await;
    town.open_a_case().await;
    mine.hear("retry: 5000\n\n: niets nieuws").await;
    assert!(!mine.1.contains("nieuwe"), "{}", mine.1);
}

#[tokio::test]
async fn who_comes_back_hears_what_was_missed() {
    let town = Town::new().await;
    let noor = town.browser_of(&people::noor()).await;
    town.open_a_case().await;
    Stream::open(&town, &noor, "").await.hear("data: 1\u{a0}nieuw incident").await;
}

#[tokio::test]
async fn the_stream_ends_when_the_process_stops() {
    let town = Town::new().await;
    let noor = town.browser_of(&people::noor()).await;
    let mut stream = Stream::open(&town, &noor, "").await;
    stream.hear("retry").await;
    town.process.tasks.shutdown().request();
    stream.end().await;
}

#[tokio::test]
async fn a_stranger_hears_nothing() {
    let town = Town::new().await;
    assert_eq!(town.browser().get("/wachtrij/stroom?sinds=0").await.status, 303);
    let mut noor = town.browser_of(&people::noor()).await;
    assert_eq!(noor.get("/wachtrij/stroom").await.status, 400, "since when?");
}
