//! How many connections one address may have open, so that none takes the places of all.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
use opentelemetry::{KeyValue, metrics::Counter};
use tokio::time::Instant;

/// The connections of each network, over all listeners that share it.
#[derive(Debug, Clone, Default)]
pub struct Peers(Arc<Mutex<HashMap<IpNet, usize>>>);

/// A connection's place among those of its networks, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    peers: Peers,
    networks: Vec<IpNet>,
}

impl Peers {
    /// A place for a connection, unless its address has as many as it may. A proxy has any number, and is not counted.
    pub(super) fn admit(&self, address: IpAddr, most: usize, proxies: &[IpNet]) -> Option<Place> {
        if is_of(address, proxies) {
            return Some(Place { peers: self.clone(), networks: Vec::new() });
        }
        let bounds = networks(address.to_canonical()).map(|(network, times)| (network, most.saturating_mul(times)));
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |(network, most): &(IpNet, usize)| open.get(network).is_some_and(|count| count >= most);
        if bounds.clone().any(|bound| is_full(&bound)) {
            return None;
        }
        let networks: Vec<IpNet> = bounds.map(|(network, _most)| network).collect();
        for network in &networks {
            *open.entry(*network).or_default() += 1;
        }
        Some(Place { peers: self.clone(), networks })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.peers.0.lock().unwrap_or_else(PoisonError::into_inner);
        for network in &self.networks {
            if let Some(count) = open.get_mut(network) {
                *count -= 1;
                if *count == 0 {
                    open.remove(network);
                }
            }
        }
    }
}

/// Whether an address, however it is spelled, is in one of these networks.
pub(super) fn is_of(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = address.to_canonical();
    networks.iter().any(|network| network.contains(&address))
}

/// The smallest network that an address is counted with.
pub(super) fn network(address: IpAddr) -> IpNet {
    let address = address.to_canonical();
    networks(address).next().map_or_else(|| address.into(), |(network, _times)| network)
}

/// The networks that an address is counted with, and how many times as much as one address they may have. In IPv6 a subscriber has a /64 at least,
/// and every address in it; a site may have a /48.
fn networks(address: IpAddr) -> impl Iterator<Item = (IpNet, usize)> + Clone {
    let lengths: &[(u8, usize)] = if address.is_ipv4() { &[(32, 1)] } else { &[(64, 1), (48, 4)] };
    lengths.iter().filter_map(move |(length, times)| Some((IpNet::new(address, *length).ok()?.trunc(), *times)))
}

/// Connections that were closed at once, because their address has too many.
pub(super) struct Refusals {
    listener: &'static str,
    counter: Counter<u64>,
    last_said: Option<Instant>,
}

impl Refusals {
    const SAID_EVERY: Duration = Duration::from_secs(60);

    pub(super) fn of(listener: &'static str) -> Self {
        let counter = opentelemetry::global::meter("runtime")
            .u64_counter("listener.connections.refused")
            .with_description("connections closed because their address had as many as it may")
            .build();
        Self { listener, counter, last_said: None }
    }

    pub(super) fn count(&mut self) {
        self.counter.add(1, &[KeyValue::new("listener", self.listener)]);
        if self.last_said.is_none_or(|said| said.elapsed() > Self::SAID_EVERY) {
            self.last_said = Some(Instant::now());
            let listener = self.listener;
            tracing::warn!(name: "listener.connection_refused", listener, "an address has too many connections, more are closed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_and_another_its_own() {
        let peers = Peers::default();
        let held: Vec<_> = (0..3).map(|_| peers.admit(ip("192.0.2.1"), 3, &[]).unwrap()).collect();
        assert!(peers.admit(ip("192.0.2.1"), 3, &[]).is_none());
        assert!(peers.admit(ip("192.0.2.2"), 3, &[]).is_some());
        drop(held);
        assert!(peers.admit(ip("192.0.2.1"), 3, &[]).is_some());
        assert!(peers.0.lock().unwrap().is_empty(), "nobody is remembered who has left");
    }

    #[test]
    fn another_spelling_is_the_same_address() {
        let peers = Peers::default();
        let _held = [peers.admit(ip("192.0.2.1"), 1, &[]).unwrap(), peers.admit(ip("2001:db8:0:1::1"), 1, &[]).unwrap()];
        assert!(peers.admit(ip("::ffff:192.0.2.1"), 1, &[]).is_none());
        assert!(peers.admit(ip("2001:db8:0:1:ffff::2"), 1, &[]).is_none(), "the same /64");
        let mut elsewhere = Vec::new();
        for number in 2..5 {
            elsewhere.push(peers.admit(ip(&format!("2001:db8:0:{number}::1")), 1, &[]).unwrap());
        }
        assert!(peers.admit(ip("2001:db8:0:5::1"), 1, &[]).is_none(), "four times as many from one /48");
        assert!(peers.admit(ip("2001:db8:1::1"), 1, &[]).is_some());
    }

    #[test]
    fn a_proxy_speaks_for_everybody() {
        let peers = Peers::default();
        let proxies = ["192.0.2.0/28".parse().unwrap()];
        let of_proxy: Vec<_> = (0..3).map(|_| peers.admit(ip("::ffff:192.0.2.7"), 1, &proxies)).collect();
        assert!(of_proxy.iter().all(Option::is_some));
        let of_another: Vec<_> = (0..2).map(|_| peers.admit(ip("192.0.2.17"), 1, &proxies)).collect();
        assert_eq!(of_another.iter().filter(|place| place.is_some()).count(), 1);
        let beside_a_proxy = ["2001:db8::7/128".parse().unwrap()];
        let _of_proxy = peers.admit(ip("2001:db8::7"), 1, &beside_a_proxy).unwrap();
        assert!(peers.admit(ip("2001:db8::8"), 1, &beside_a_proxy).is_some(), "a proxy takes no neighbour's place");
    }
}
