//! What the DNS has for a name. Names of others are looked up, so each look has an end, and an answer a largest size.

use std::{fmt, net::SocketAddr, time::Duration};

use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolverConfig},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::{
        op::ResponseCode,
        rr::{Name, RData, RecordType},
    },
};

use crate::domain::DnsAnswer;

/// A look takes no longer, whatever servers do: somebody waits for the page, 5 s at most.
const AT_MOST: Duration = Duration::from_secs(4);
const EACH_TRY: Duration = Duration::from_secs(2);
/// Aliases (CNAME) that are followed.
const MOST_ALIASES: usize = 4;
/// Texts of a name that are read, and bytes of each.
const MOST_TEXTS: usize = 50;
const MOST_BYTES: usize = 1_024;

/// Looks names up.
pub struct Dns(TokioResolver);

impl fmt::Debug for Dns {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Dns")
    }
}

impl Dns {
    /// By these servers; the system's where there are none.
    ///
    /// # Errors
    /// When the system's settings cannot be read.
    pub fn new(servers: &[SocketAddr]) -> Result<Self, NetError> {
        let builder = if servers.is_empty() {
            Resolver::builder_tokio()?
        } else {
            let servers = servers.iter().map(|server| {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()];
                let connections = connections.map(|mut connection| {
                    connection.port = server.port();
                    connection
                });
                NameServerConfig::new(server.ip(), true, connections.to_vec())
            });
            let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let mut builder = builder;
        let options = builder.options_mut();
        options.timeout = EACH_TRY;
        options.attempts = 1;
        // A vendor changes a record and asks to look again.
        options.cache_size = 0;
        options.preserve_intermediates = true;
        Ok(Self(builder.build()?))
    }

    /// The texts (TXT) of a name, the strings of each joined.
    pub async fn texts(&self, name: &str) -> DnsAnswer {
        // With a dot at its end: nothing of our own network is tried behind it.
        let Ok(name) = Name::from_ascii(format!("{name}.")) else { return DnsAnswer::Records(Vec::new()) };
        match tokio::time::timeout(AT_MOST, self.0.lookup(name, RecordType::TXT)).await {
            Err(_) => DnsAnswer::Silence,
            Ok(Err(error)) if is_no(&error) => DnsAnswer::Records(Vec::new()),
            Ok(Err(_)) => DnsAnswer::Silence,
            Ok(Ok(found)) => {
                let aliases = found.answers().iter().filter(|record| record.record_type() == RecordType::CNAME).count();
                if aliases > MOST_ALIASES {
                    return DnsAnswer::TooManyAliases;
                }
                let texts = found.answers().iter().filter_map(|record| match &record.data {
                    RData::TXT(text) => {
                        let joined = text.txt_data.concat();
                        Some(String::from_utf8_lossy(&joined[..joined.len().min(MOST_BYTES)]).into_owned())
                    }
                    _ => None,
                });
                DnsAnswer::Records(texts.take(MOST_TEXTS).collect())
            }
        }
    }
}

/// Whether a server that knows said that there is nothing. Any other error says nothing of the name.
fn is_no(error: &NetError) -> bool {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(no)) => matches!(no.response_code, ResponseCode::NoError | ResponseCode::NXDomain),
        _ => false,
    }
}
