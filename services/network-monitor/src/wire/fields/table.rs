//! The members we use of events, by their folded spellings.

use std::{
    hash::{Hash, Hasher},
    sync::LazyLock,
};

use rustc_hash::FxHashMap;

macro_rules! fields {
    ($($(#[$doc:meta])* $field:ident: $($spelling:literal)|+),+ $(,)?) => {
        /// A member we use. Named after what it means; the table beside it gives its folded spellings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field { $($(#[$doc])* $field),+ }

        impl Field {
            pub(super) const COUNT: usize = [$(Self::$field),+].len();
            pub(super) const SPELLINGS: &[(&str, Self)] = &[$($(($spelling, Self::$field)),+),+];
        }
    };
}

fields! {
    // Both sensors.
    Protocol: "proto" | "networktransport",

    // What shippers add. No sensor has members of these names.
    /// The line as it was read, whatever was made of it since.
    Original: "eventoriginal" | "logoriginal" | "original" | "rawmessage" | "rawstring" | "fullmessage",
    LogFile: "logfilename" | "logfilepath",
    LogTag: "tag" | "tags" | "logtype" | "logname" | "sourcetype" | "dataset" | "eventdataset" | "filesetname" | "programname" | "appname"
        | "syslogidentifier" | "ident" | "stream" | "zeeklog",
    LogType: "type",
    ShippedTime: "time" | "date" | "datetime" | "eventtime" | "timereported" | "timegenerated" | "realtimetimestamp"
        | "sourcerealtimetimestamp",
    // What shippers add under names that a sensor's members may have too.
    FileName: "filename" | "filepath" | "file" | "source",
    Wrapped: "message" | "log" | "event" | "raw" | "shortmessage" | "line" | "data" | "record" | "payload" | "body",

    // Suricata.
    EventType: "eventtype",
    Timestamp: "timestamp",
    SourceIp: "srcip" | "sourceip",
    SourcePort: "srcport" | "sourceport",
    DestinationIp: "destip" | "dstip" | "destinationip",
    DestinationPort: "destport" | "dstport" | "destinationport",
    AppProtocol: "appproto" | "networkprotocol",
    FlowId: "flowid",
    TransactionNumber: "txid",
    AlertGenerator: "alertgid",
    AlertSignatureId: "alertsignatureid" | "alertsid",
    AlertSignature: "alertsignature",
    AlertCategory: "alertcategory",
    AlertSeverity: "alertseverity",
    FlowStart: "flowstart",
    FlowEnd: "flowend",
    PacketsToServer: "flowpktstoserver" | "sourcepackets",
    PacketsToClient: "flowpktstoclient" | "destinationpackets",
    DhcpType: "dhcpdhcptype",
    DhcpClientMac: "dhcpclientmac",
    DhcpAssignedIp: "dhcpassignedip",
    DhcpClientIp: "dhcpclientip",
    DhcpHostname: "dhcphostname",
    DhcpVendorClass: "dhcpvendorclassidentifier",
    ArpSourceMac: "arpsrcmac",
    ArpSourceIp: "arpsrcip",
    TlsVersion: "tlsversion",
    DnsType: "dnstype",

    // Zeek.
    Path: "zeekpath",
    PlainPath: "path",
    Ts: "ts",
    Uid: "uid",
    OriginatorHost: "idorigh" | "origh",
    OriginatorPort: "idorigp" | "origp",
    ResponderHost: "idresph" | "resph",
    ResponderPort: "idrespp" | "respp",
    Service: "service",
    Duration: "duration",
    ConnState: "connstate",
    History: "history",
    LocalOriginator: "localorig",
    LocalResponder: "localresp",
    OriginatorPackets: "origpkts",
    ResponderPackets: "resppkts",
    Host: "host",
    PortNumber: "portnum",
    PortProtocol: "portproto",
    SoftwareType: "softwaretype",
    SoftwareName: "name",
    VersionMajor: "versionmajor",
    VersionMinor: "versionminor",
    VersionMinor2: "versionminor2",
    VersionMinor3: "versionminor3",
    VersionAdditional: "versionaddl",
    Mac: "mac",
    HostName: "hostname",
    ClientFqdn: "clientfqdn",
    AssignedAddress: "assignedaddr" | "assignedip",
    ClientAddress: "clientaddr",
    MessageTypes: "msgtypes",
    LeaseTime: "leasetime",
    ClientSoftware: "clientsoftware",
    Note: "note",
    NoticeMessage: "msg",
    NoticeSource: "src",
    NoticeDestination: "dst",
    NoticePort: "p",
    Query: "query",
    QueryType: "qtype",
    ResponseCode: "rcode",
    TransactionId: "transid",
    TlsVersionSpoken: "version",
    Cipher: "cipher",
    SslHistory: "sslhistory",
    Established: "established",
    // Of logs that are not used: what tells them from those that are.
    FileId: "fuid",
    ShareType: "sharetype",
    Action: "action",
    Level: "level",
    IsNoticed: "notice",
    CertificateSerial: "certificateserial",
}

/// What to do with an object under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Descend {
    /// Its members belong to this key: `alert`, `id`.
    Within,
    /// A shipper's wrapper: its members are read as if they stood outside.
    Through,
}

const WITHIN: &[&str] = &[
    "alert",
    "flow",
    "dhcp",
    "arp",
    "tls",
    "dns",
    "id",
    "version",
    "file",
    "logfile",
    "fileset",
    // Elastic's names for what was an event's addresses.
    "source",
    "destination",
    "network",
];
const THROUGH: &[&str] = &[
    "event",
    "log",
    "message",
    "data",
    "record",
    "payload",
    "body",
    "json",
    "parsed",
    "logprocessed",
    "suricata",
    "eve",
    "suricataeve",
    "zeek",
];

/// The same wrappers where a shipper has flattened them into the key: `suricata.eve.event_type`.
pub(super) const FLATTENED: &[&str] = &["suricataeve", "suricata", "eve", "zeek", "json"];

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    field: Option<Field>,
    descend: Option<Descend>,
}

/// The hash is fast and predictable: keys of events are only looked up here, never added.
static TABLE: LazyLock<FxHashMap<KeyPath, Entry>> = LazyLock::new(|| {
    let mut table: FxHashMap<KeyPath, Entry> = FxHashMap::default();
    for (spelling, field) in Field::SPELLINGS {
        table.entry(KeyPath::of(spelling.as_bytes())).or_default().field = Some(*field);
    }
    for (keys, descend) in [(WITHIN, Descend::Within), (THROUGH, Descend::Through)] {
        for key in keys {
            table.entry(KeyPath::of(key.as_bytes())).or_default().descend = Some(descend);
        }
    }
    table
});

/// Of a separator, and of what is in no key of the table.
const SKIPPED: u8 = 0;
const UNKNOWN: u8 = 0xff;

/// What each byte of a key becomes.
static FOLDED: [u8; 256] = {
    let mut folded = [UNKNOWN; 256];
    let mut byte = 0_u8;
    while byte < 0x80 {
        folded[byte as usize] = match byte {
            b'_' | b'.' | b'-' | b' ' | b':' | b'/' => SKIPPED,
            // No key in the table has one, and none may be mistaken for a separator.
            0 => UNKNOWN,
            _ => byte.to_ascii_lowercase(),
        };
        byte += 1;
    }
    folded
};

/// A folded key, with those of the objects around it in front. Its bytes are kept eight to a word, the first lowest: a word is put together
/// in a register, and hashed and compared whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct KeyPath {
    words: [u64; Self::LONGEST / WORD],
    length: usize,
}

/// Bytes in a word.
const WORD: usize = size_of::<u64>();

impl Hash for KeyPath {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.words.iter().take(self.length.div_ceil(WORD)).for_each(|word| hasher.write_u64(*word));
    }
}

impl KeyPath {
    /// Longer than the longest spelling with the longest flattened wrapper before it.
    pub(super) const LONGEST: usize = 48;
    pub(super) const ROOT: Self = Self { words: [0; Self::LONGEST / WORD], length: 0 };

    /// Of a key that is folded, and not too long.
    fn of(key: &[u8]) -> Self {
        let mut path = Self::ROOT;
        // A test sees to it that all keys of the table are of this kind.
        let _known = path.push(key);
        path
    }

    /// Goes on to a key; `None` when no key in the table is that long or looks like that.
    fn push(&mut self, key: &[u8]) -> Option<()> {
        for byte in key {
            match FOLDED[usize::from(*byte)] {
                SKIPPED => {}
                UNKNOWN => return None,
                folded => {
                    *self.words.get_mut(self.length / WORD)? |= u64::from(folded) << (self.length % WORD * 8);
                    self.length += 1;
                }
            }
        }
        Some(())
    }

    /// Without a flattened wrapper.
    fn unwrapped(&self) -> Option<Self> {
        let bytes = self.words.map(u64::to_le_bytes);
        let bytes = bytes.as_flattened().get(..self.length)?;
        FLATTENED.iter().find_map(|wrapper| bytes.strip_prefix(wrapper.as_bytes())).map(Self::of)
    }
}

/// What is known of a key: the field it fills, and whether the members of an object under it are looked at.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    pub field: Option<Field>,
    pub descends: bool,
}

impl Known {
    const NOTHING: Self = Self { field: None, descends: false };

    const fn only(field: Field) -> Self {
        Self { field: Some(field), descends: false }
    }
}

/// What the table says of a key. `path` is that of the object it is in, and becomes the one that its members stand under.
pub(super) fn look_up(path: &mut KeyPath, key: &str) -> Known {
    if let Some(known) = marked(path.length == 0, key) {
        return known;
    }
    if path.push(key.as_bytes()).is_none() {
        return Known::NOTHING;
    }
    let entry = match TABLE.get(path) {
        Some(entry) => entry,
        None => match path.unwrapped().and_then(|inner| TABLE.get(&inner).map(|entry| (entry, inner))) {
            Some((entry, inner)) => {
                *path = inner;
                entry
            }
            None => return Known::NOTHING,
        },
    };
    if entry.descend == Some(Descend::Through) {
        *path = KeyPath::ROOT;
    }
    Known { field: entry.field, descends: entry.descend.is_some() }
}

/// Keys that mean something else than their folded spelling.
fn marked(is_root: bool, key: &str) -> Option<Known> {
    Some(match (key.as_bytes().first()?, key) {
        (b'_', "_path") | (b'@', "@path" | "@stream") if is_root => Known::only(Field::Path),
        (b'@', "@timestamp") if is_root => Known::only(Field::ShippedTime),
        (b'@', "@message") if is_root => Known::only(Field::Wrapped),
        // The line as Cribl, Splunk and LogScale keep it beside what they made of it.
        (b'_', "_raw") | (b'@', "@rawstring") if is_root => Known::only(Field::Original),
        (b'@', "@log_name") if is_root => Known::only(Field::LogTag),
        // What else a shipper marks as its own (`@version`) says nothing of the event.
        (b'@', _) => Known::NOTHING,
        // Shippers add their own machine's `hostname`; Zeek's DHCP log writes `host_name`.
        (b'h', "hostname" | "host.name") if is_root => Known::NOTHING,
        // Elastic's category of an event, not Suricata's `event_type`.
        (b'e', "event.type") => Known::NOTHING,
        _ => return None,
    })
}
