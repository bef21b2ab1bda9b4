#![cfg(test)]
//! Real servers that are in trouble: who waits for them is told which one, and what is wrong.
//!
//! They take half a minute to start all together, so they run where the production column does: `cargo xtask test`.

use std::net::TcpListener;

use schildwacht_servers::{ALL, Interrupt, Lifetime, Running, Server, scratch};

/// The servers, or none with a printed reason.
fn servers() -> &'static [Server] {
    let is_given = ALL.iter().all(Server::is_given);
    if is_given {
        return ALL;
    }
    println!("skipped: the production column is not tested here; `cargo xtask test` does");
    &[]
}

#[test]
fn a_port_that_is_taken_is_said_with_the_servers_own_words() {
    for server in servers() {
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let scratch = scratch().unwrap();
        // A stranger that accepts and says nothing must not be taken for the server.
        let started = Running::start(*server, &scratch.path().join("it"), Some(port), Lifetime::Ours, &Interrupt::never());
        let complaint = format!("{:#}", started.unwrap_err());
        assert!(complaint.starts_with(server.name), "{complaint}");
        assert!(complaint.to_lowercase().contains("in use") || complaint.contains("Adres al in gebruik"), "{complaint}");
    }
}

#[test]
fn a_server_that_is_killed_is_gone_and_comes_back_with_its_address() {
    // Keycloak keeps everything in memory here, so that no test kills one and goes on with it.
    for server in servers().iter().filter(|server| server.name != "Keycloak") {
        let mut running = server.start_own().unwrap();
        let address = running.address().to_owned();
        assert!(running.process_id().is_some());
        running.kill();
        assert!(TcpListener::bind(("127.0.0.1", running.port())).is_ok(), "{} still listens", server.name);
        running.start_again().unwrap();
        assert_eq!(running.address(), address);
    }
}
