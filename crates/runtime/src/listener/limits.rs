//! What a client of a listener may take: connections, time, sizes.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::peers::Peers;

/// A proxy on this machine, or a mesh's sidecar.
const LOOPBACK: [IpNet; 2] =
    [IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)), IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128))];

/// Limits of a listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections open at once; further ones wait in the kernel's queue.
    pub max_connections: usize,
    /// Connections that one address may have open at once, unless it is a proxy's.
    pub max_connections_per_address: usize,
    /// Proxies and sidecars, whose connections are everybody's.
    pub proxies: Vec<IpNet>,
    /// Where they are counted. Clones of these limits share it.
    pub peers: Peers,
    /// Time-out to begin the first request, in any protocol.
    pub first_request_timeout: Duration,
    /// Time-out to send the request line and headers.
    pub header_read_timeout: Duration,
    /// How long a connection may be without a request, between two.
    pub idle_timeout: Duration,
    /// Concurrent requests on one HTTP/2 connection.
    pub max_concurrent_streams: u32,
    /// Size of a request's header list in bytes.
    pub max_header_list_size: u32,
    /// After this age a connection is closed gracefully.
    pub max_connection_age: Duration,
    /// And this long after that it is cut, whatever is still under way.
    pub max_connection_linger: Duration,
    /// How long open requests may take after a shutdown.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_connections_per_address: 1_000,
            proxies: LOOPBACK.to_vec(),
            peers: Peers::default(),
            first_request_timeout: Duration::from_secs(30),
            header_read_timeout: Duration::from_secs(10),
            // Sensors post once a minute, and a proxy in front of us keeps its own connections for 60 to 90 s.
            idle_timeout: Duration::from_secs(120),
            max_concurrent_streams: 256,
            max_header_list_size: 16 * 1024,
            max_connection_age: Duration::from_secs(30 * 60),
            // A page that follows the queue has an answer without end; its browser connects again.
            max_connection_linger: Duration::from_secs(2 * 60),
            drain: Duration::from_secs(20),
        }
    }
}
