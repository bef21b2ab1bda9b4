//! Shows the pages with the sample of the tests, the real services in this process: for anyone who works on templates and styles.
//!
//! `cargo run -p schildwacht-portal --example preview [port]`, then open the address it prints and choose a person. A new case
//! comes in every 20 seconds, so that the pill can be seen.

#![expect(clippy::expect_used, clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a tool for developers, on one machine")]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::time::Duration;

use runtime::Clock;
use support::{Plan, Town, sample};

#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let clock = Clock::system();
    let folder = sample::told_until(clock.now()).await.now.folder();
    let town = Town::of(Plan { clock, port, ..Plan::around(folder) }).await;
    println!("{}", town.url());
    let cases_come_in = async {
        loop {
            tokio::time::sleep(Duration::from_secs(20)).await;
            town.open_a_case().await;
        }
    };
    tokio::select! {
        signal = runtime::tasks::stop_signal() => println!("{}", signal.unwrap()),
        () = cases_come_in => {}
    }
}
