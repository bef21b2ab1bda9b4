#![cfg(test)]
//! Real servers that are in trouble: who waits for them is told which one, and what is wrong.
//!
//! They take half a minute to start all together, so they run only where the servers are: `cargo xtask test`.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};
use schildwacht_servers::{ALL, Interrupt, Lifetime, Running, Server, kafka, scratch};

/// The servers, or none with a printed reason.
fn servers() -> &'static [Server] {
    let is_given = ALL.iter().all(Server::is_given);
    if is_given {
        return ALL;
    }
    println!("skipped: servers are not tested here; `cargo xtask test` does");
    &[]
}

/// One after the other: two Keycloaks that start at once on a machine with two cores may both take longer than they are given.
fn one_at_a_time() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a server at this address says when it does not take us.
fn refusal(server: &Server, address: &str) -> String {
    format!("{:#}", (server.knock)(address).unwrap_err())
}

#[test]
fn a_port_that_is_taken_is_said_with_the_servers_own_words() {
    let _turn = one_at_a_time();
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
fn a_server_that_is_killed_is_missed_by_name_and_comes_back_with_its_address() {
    let _turn = one_at_a_time();
    for server in servers() {
        let mut running = server.start_own().unwrap();
        let address = running.address().to_owned();
        running.still_runs().unwrap();
        (server.knock)(&address).unwrap();

        let process = running.process_id().and_then(|id| Pid::from_raw(id.try_into().ok()?)).unwrap();
        kill_process_group(process, Signal::KILL).unwrap();
        let complaint = complaint_within(Duration::from_secs(10), &mut running);
        assert!(complaint.starts_with(server.name) && complaint.contains("killed"), "{complaint}");
        assert!(TcpListener::bind(("127.0.0.1", running.port())).is_ok(), "{} still listens", server.name);
        let refusal = refusal(server, &address);
        assert!(refusal.contains(&running.port().to_string()), "{}: {refusal}", server.name);

        running.start_again().unwrap();
        assert_eq!(running.address(), address);
        (server.knock)(&address).unwrap();
    }
}

/// What is said of a server once its end is noticed.
fn complaint_within(patience: Duration, running: &mut Running) -> String {
    let deadline = Instant::now() + patience;
    loop {
        match running.still_runs() {
            Err(complaint) => return format!("{complaint:#}"),
            Ok(()) => assert!(Instant::now() < deadline, "its end was not noticed"),
        }
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_wrong_password_is_said_with_the_servers_own_words() {
    let own_words = [("PostgreSQL", "password authentication failed"), ("Redis", "WRONGPASS"), ("Keycloak", "Invalid user credentials")];
    for server in servers() {
        // Kafka has none here; `Secured` does, and the log's own test of TLS has a wrong one.
        let Some((_, words)) = own_words.iter().find(|(name, _)| *name == server.name) else { continue };
        let address = std::env::var(server.variable).unwrap();
        (server.knock)(&address).unwrap();
        let (account, place) = address.rsplit_once('@').unwrap();
        let refusal = refusal(server, &format!("{account}-and-more@{place}"));
        assert!(refusal.contains(words), "{}: {refusal}", server.name);
    }
}

#[test]
fn a_broker_that_wants_tls_says_nothing_to_clients_that_come_in_clear() {
    if servers().is_empty() {
        return;
    }
    let broker = kafka::Secured::start().unwrap();
    let refusal = refusal(&kafka::SERVER, &broker.address());
    assert!(refusal.contains("in clear"), "{refusal}");

    // Not because nobody is there: the first bytes of a TLS handshake, of whatever contents, are answered with an alert (21).
    let mut connection = TcpStream::connect(broker.address()).unwrap();
    connection.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    connection.write_all(&[22, 3, 1, 0, 4, 1, 0, 0, 0]).unwrap();
    let mut kind = [0];
    connection.read_exact(&mut kind).unwrap();
    assert_eq!(kind, [21]);
}
