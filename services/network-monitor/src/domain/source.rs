//! Where a piece of knowledge came from, and what it is worth.

/// What told us; the text is the same in the store, on the wire and in metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::Display, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(const_into_str)]
pub enum Source {
    /// A packet that matched a signature.
    #[strum(serialize = "suricata.alert")]
    SuricataAlert,
    /// A device asked for, or was given, an address.
    #[strum(serialize = "suricata.dhcp")]
    SuricataDhcp,
    /// A device said which address it has.
    #[strum(serialize = "suricata.arp")]
    SuricataArp,
    /// Traffic that has ended.
    #[strum(serialize = "suricata.flow")]
    SuricataFlow,
    /// A TLS handshake.
    #[strum(serialize = "suricata.tls")]
    SuricataTls,
    /// A name looked up.
    #[strum(serialize = "suricata.dns")]
    SuricataDns,
    /// A host that completed a connection; about once a day.
    #[strum(serialize = "zeek.known_hosts")]
    ZeekKnownHosts,
    /// A port on which a host answers; about once a day.
    #[strum(serialize = "zeek.known_services")]
    ZeekKnownServices,
    /// Software a host named in its traffic.
    #[strum(serialize = "zeek.software")]
    ZeekSoftware,
    /// A whole exchange of DHCP messages.
    #[strum(serialize = "zeek.dhcp")]
    ZeekDhcp,
    /// Something a Zeek script found worth telling.
    #[strum(serialize = "zeek.notice")]
    ZeekNotice,
    /// A TLS handshake.
    #[strum(serialize = "zeek.ssl")]
    ZeekSsl,
    /// A name looked up.
    #[strum(serialize = "zeek.dns")]
    ZeekDns,
    /// A connection that has ended.
    #[strum(serialize = "zeek.conn")]
    ZeekConn,
    /// The register of network-card vendors.
    #[strum(serialize = "oui")]
    Oui,
}

impl Source {
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

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn every_source_is_found_by_its_name() {
        for source in Source::VARIANTS {
            assert_eq!(source.into_str().parse(), Ok(*source));
        }
    }
}
