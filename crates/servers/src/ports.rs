//! Free ports of loopback, for servers and for whatever else tests start.

use std::{
    io::ErrorKind,
    net::{TcpListener, UdpSocket},
    ops::Range,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result, bail};

/// Below the range from which systems choose ports for outgoing connections, so that none of those takes one before it is used,
/// also while the server that uses it is unavailable for a while.
const PORTS: Range<u16> = 20_000..32_000;

/// A TCP port of 127.0.0.1 that nobody listens on, another one each time.
///
/// Reserved for this process until it exits: it holds the UDP port of the same number, which only one process can. Port 0 is
/// no alternative: Kafka advertises its number, and tests start a server again on the number that clients know.
pub fn free_port() -> Result<u16> {
    static OURS: Mutex<Option<Reserved>> = Mutex::new(None);
    // A panic in here leaves nothing half done.
    OURS.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| Reserved::in_range(PORTS)).next()
}

/// The ports of one process.
#[derive(Debug)]
struct Reserved {
    ports: Range<u16>,
    /// The next to try. Processes begin at different ones: what one leaves behind may still be ending.
    next: u16,
    held: Vec<UdpSocket>,
}

impl Reserved {
    fn in_range(ports: Range<u16>) -> Self {
        let begin = u16::try_from(std::process::id() % ports.len() as u32).unwrap_or_default();
        Self { next: ports.start + begin, ports, held: Vec::new() }
    }

    fn next(&mut self) -> Result<u16> {
        for _ in self.ports.clone() {
            let port = self.next;
            self.next = if port + 1 == self.ports.end { self.ports.start } else { port + 1 };
            let lock = unless_taken(UdpSocket::bind(("127.0.0.1", port)))?;
            // A process that does not ask here may have it: bound and let go again.
            if let Some(lock) = lock
                && unless_taken(TcpListener::bind(("127.0.0.1", port)))?.is_some()
            {
                self.held.push(lock);
                return Ok(port);
            }
        }
        bail!("all ports of 127.0.0.1 from {} to {} are taken", self.ports.start, self.ports.end - 1)
    }
}

fn unless_taken<S>(bound: std::io::Result<S>) -> Result<Option<S>> {
    match bound {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Ok(None),
        bound => bound.map(Some).context("cannot look for a free port"),
    }
}

#[cfg(test)]
mod tests {
    // The ports are those of the machine: a port that is looked at here may for a moment seem taken elsewhere, and the next one is
    // taken there.
    use std::{collections::BTreeSet, thread, time::Duration};

    use super::*;

    #[test]
    fn free_ports_differ_and_no_outgoing_connection_takes_them() {
        let ports: BTreeSet<u16> = (0..250).map(|_| free_port().unwrap()).collect();
        assert_eq!(ports.len(), 250);
        assert!(ports.iter().all(|port| PORTS.contains(port)), "{ports:?}");
    }

    #[test]
    fn processes_do_not_get_each_others_ports_also_before_these_are_used() {
        let [mut one, mut other] = [(); 2].map(|()| Reserved::in_range(PORTS));
        let [ones, others] = [&mut one, &mut other].map(|ours| (0..150).map(|_| ours.next().unwrap()).collect::<BTreeSet<u16>>());
        assert!(ones.is_disjoint(&others), "{ones:?} {others:?}");
    }

    #[test]
    fn what_is_in_use_is_passed_over() {
        let first = Reserved::in_range(PORTS).next().unwrap();
        // By us, or by a test that was faster.
        let _in_use = TcpListener::bind(("127.0.0.1", first));
        assert_ne!(Reserved::in_range(PORTS).next().unwrap(), first);
    }

    #[test]
    fn when_all_are_taken_it_says_so_and_what_a_process_had_is_free_when_it_ends() {
        // Where no other test looks.
        let few = PORTS.end..PORTS.end + 9;
        let [mut greedy, mut late] = [(); 2].map(|()| Reserved::in_range(few.clone()));
        while greedy.next().is_ok() {}
        assert!(late.next().unwrap_err().to_string().contains("are taken"));
        drop(greedy);
        // A child that another test is just starting holds copies of the sockets until it runs its own program.
        let freed = (0..1_000).find_map(|_| late.next().inspect_err(|_| thread::sleep(Duration::from_millis(10))).ok());
        assert!(few.contains(&freed.unwrap()));
    }
}
