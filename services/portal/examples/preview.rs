//! Shows the pages with sample data, without any other service: for whoever works on templates and styles.
//!
//! `cargo run -p schildwacht-portal --example preview [port]`, then open the address it prints and choose a person. A new case
//! comes in every 20 seconds, so that the pill can be seen.

#![expect(clippy::print_stdout, clippy::unwrap_used, clippy::panic, reason = "a tool for developers, on one machine")]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::time::Duration;

use runtime::Clock;
use support::{Town, world::World};

#[tokio::main]
async fn main() {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    let clock = Clock::system();
    let world = World::sample(clock.now());
    let town = Town::at(clock, world, port).await;
    println!("{}", town.url());
    let play = town.services.play.clone();
    let cases_come_in = async {
        loop {
            tokio::time::sleep(Duration::from_secs(20)).await;
            play.open_a_case();
        }
    };
    tokio::select! {
        signal = runtime::tasks::stop_signal() => println!("{}", signal.unwrap()),
        () = cases_come_in => {}
    }
}
