//! Where a piece of knowledge came from, and what it is worth.

use std::fmt;

/// What told us; the text is the same in the store, on the wire and in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A packet that matched a signature.
    SuricataAlert,
    /// A device asked for, or was given, an address.
    SuricataDhcp,
    /// A device said which address it has.
    SuricataArp,
    /// Traffic that has ended.
    SuricataFlow,
    /// A TLS handshake.
    SuricataTls,
    /// A name looked up.
    SuricataDns,
    /// A host that completed a connection; about once a day.
    ZeekKnownHosts,
    /// A port on which a host answers; about once a day.
    ZeekKnownServices,
    /// Software a host named in its traffic.
    ZeekSoftware,
    /// A whole exchange of DHCP messages.
    ZeekDhcp,
    /// Something a Zeek script found worth telling.
    ZeekNotice,
    /// A TLS handshake.
    ZeekSsl,
    /// A name looked up.
    ZeekDns,
    /// A connection that has ended.
    ZeekConn,
    /// The register of network-card vendors.
    Oui,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 15] = [
        Self::SuricataAlert,
        Self::SuricataDhcp,
        Self::SuricataArp,
        Self::SuricataFlow,
        Self::SuricataTls,
        Self::SuricataDns,
        Self::ZeekKnownHosts,
        Self::ZeekKnownServices,
        Self::ZeekSoftware,
        Self::ZeekDhcp,
        Self::ZeekNotice,
        Self::ZeekSsl,
        Self::ZeekDns,
        Self::ZeekConn,
        Self::Oui,
    ];

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SuricataAlert => "suricata.alert",
            Self::SuricataDhcp => "suricata.dhcp",
            Self::SuricataArp => "suricata.arp",
            Self::SuricataFlow => "suricata.flow",
            Self::SuricataTls => "suricata.tls",
            Self::SuricataDns => "suricata.dns",
            Self::ZeekKnownHosts => "zeek.known_hosts",
            Self::ZeekKnownServices => "zeek.known_services",
            Self::ZeekSoftware => "zeek.software",
            Self::ZeekDhcp => "zeek.dhcp",
            Self::ZeekNotice => "zeek.notice",
            Self::ZeekSsl => "zeek.ssl",
            Self::ZeekDns => "zeek.dns",
            Self::ZeekConn => "zeek.conn",
            Self::Oui => "oui",
        }
    }

    /// The source of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }

    /// Which of two sources to believe when they disagree: the higher.
    ///
    /// What a device says of itself to get an address (DHCP) comes before what a protocol parser made of its traffic,
    /// and that before the mere fact that packets passed.
    pub const fn weight(self) -> u8 {
        match self {
            Self::SuricataDhcp | Self::ZeekDhcp => 4,
            Self::SuricataArp | Self::ZeekKnownServices | Self::ZeekSoftware => 3,
            Self::SuricataTls | Self::ZeekSsl | Self::SuricataDns | Self::ZeekDns | Self::ZeekKnownHosts => 2,
            Self::SuricataFlow | Self::ZeekConn | Self::SuricataAlert | Self::ZeekNotice | Self::Oui => 1,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_found_by_its_name() {
        for source in Source::ALL {
            assert_eq!(Source::from_name(source.as_str()), Some(source));
        }
    }
}
