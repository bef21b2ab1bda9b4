//! The members of an event that we use, found whatever their spelling.
//!
//! A key is folded before it is looked up: lowercase, without separators, behind the keys of the objects around it. So
//! `id.orig_h`, `id_orig_h`, `idOrigH` and `"id": {"orig_h": …}` are one key, and so are `event_type` and `eventType`. Objects that
//! shippers put around events (`event`, `log`, `suricata.eve` …) fold to nothing. Members that are not in the table are
//! skipped without being built, which is what makes reading fast.

use std::{
    array,
    borrow::Cow,
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hasher},
    sync::LazyLock,
};

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    otlp::{KeyValue, Value},
    scalar::Scalar,
};

macro_rules! fields {
    ($($field:ident: $($spelling:literal)|+),+ $(,)?) => {
        /// A member we use. Named after what it means; the table beside it gives its folded spellings.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field { $($field),+ }

        impl Field {
            const COUNT: usize = [$(Self::$field),+].len();
            const SPELLINGS: &[(&str, Self)] = &[$($(($spelling, Self::$field)),+),+];
        }
    };
}

fields! {
    // Both sensors, and what shippers add.
    Protocol: "proto",
    FileName: "logfilename" | "logfilepath" | "filename" | "filepath" | "file" | "source",
    ShippedTime: "time" | "date",
    Wrapped: "message" | "log" | "event" | "eventoriginal" | "original" | "raw" | "rawmessage" | "shortmessage" | "fullmessage"
        | "line" | "data" | "record" | "payload" | "body",

    // Suricata.
    EventType: "eventtype",
    Timestamp: "timestamp",
    SourceIp: "srcip" | "sourceip",
    SourcePort: "srcport" | "sourceport",
    DestinationIp: "destip" | "dstip" | "destinationip",
    DestinationPort: "destport" | "dstport" | "destinationport",
    AppProtocol: "appproto",
    FlowId: "flowid",
    TransactionNumber: "txid",
    AlertGenerator: "alertgid",
    AlertSignatureId: "alertsignatureid" | "alertsid",
    AlertSignature: "alertsignature",
    AlertCategory: "alertcategory",
    AlertSeverity: "alertseverity",
    FlowStart: "flowstart",
    FlowEnd: "flowend",
    PacketsToServer: "flowpktstoserver",
    PacketsToClient: "flowpktstoclient",
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
}

/// What to do with an object under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Descend {
    /// Its members belong to this key: `alert`, `id`.
    Within,
    /// A shipper's wrapper: its members are read as if they stood outside.
    Through,
}

const WITHIN: &[&str] = &["alert", "flow", "dhcp", "arp", "tls", "dns", "id", "version", "file", "logfile"];
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
const FLATTENED: &[&str] = &["suricataeve", "suricata", "eve", "zeek", "json"];

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    field: Option<Field>,
    descend: Option<Descend>,
}

static TABLE: LazyLock<HashMap<&'static [u8], Known, BuildHasherDefault<Fnv>>> = LazyLock::new(|| {
    let mut table: HashMap<&'static [u8], Known, _> = HashMap::default();
    for (spelling, field) in Field::SPELLINGS {
        table.entry(spelling.as_bytes()).or_default().field = Some(*field);
    }
    for (keys, descend) in [(WITHIN, Descend::Within), (THROUGH, Descend::Through)] {
        for key in keys {
            table.entry(key.as_bytes()).or_default().descend = Some(descend);
        }
    }
    table
});

/// FNV-1a: for keys of some ten bytes from a closed table it beats the default hash, and nobody can fill the table.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    }
}

/// A folded key, with those of the objects around it in front.
#[derive(Clone, Copy)]
struct KeyPath {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl KeyPath {
    /// Longer than the longest spelling with the longest flattened wrapper before it.
    const LONGEST: usize = 48;
    const ROOT: Self = Self { bytes: [0; Self::LONGEST], length: 0 };

    /// `None` when no key in the table is that long or looks like that.
    fn child(&self, key: &str) -> Option<Self> {
        let mut child = *self;
        for byte in key.bytes() {
            match byte {
                b'_' | b'.' | b'-' | b'@' | b' ' | b':' | b'/' => {}
                0x80.. => return None,
                _ => {
                    *child.bytes.get_mut(child.length)? = byte.to_ascii_lowercase();
                    child.length += 1;
                }
            }
        }
        Some(child)
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Without a flattened wrapper.
    fn unwrapped(&self) -> Option<Self> {
        let inner = FLATTENED.iter().find_map(|wrapper| self.as_bytes().strip_prefix(wrapper.as_bytes()))?;
        let mut path = Self::ROOT;
        path.bytes[..inner.len()].copy_from_slice(inner);
        path.length = inner.len();
        Some(path)
    }
}

/// What the table says of a key: the field it fills and the path its members stand under.
fn look_up(parent: &KeyPath, key: &str) -> (Option<Field>, Option<KeyPath>) {
    let is_root = parent.length == 0;
    match key {
        "_path" | "@path" if is_root => return (Some(Field::Path), None),
        "@timestamp" if is_root => return (Some(Field::ShippedTime), None),
        // Shippers add their own machine's `hostname`; Zeek's DHCP log writes `host_name`.
        "hostname" if is_root => return (None, None),
        _ => {}
    }
    let Some(path) = parent.child(key) else { return (None, None) };
    let (known, path) = match TABLE.get(path.as_bytes()) {
        Some(known) => (*known, path),
        None => match path.unwrapped().and_then(|inner| TABLE.get(inner.as_bytes()).map(|known| (*known, inner))) {
            Some(found) => found,
            None => return (None, None),
        },
    };
    let within = known.descend.map(|descend| match descend {
        Descend::Within => path,
        Descend::Through => KeyPath::ROOT,
    });
    (known.field, within)
}

/// The members of one event.
#[derive(Debug)]
pub struct Fields<'a>([Scalar<'a>; Field::COUNT]);

static ABSENT: Scalar<'static> = Scalar::Absent;

impl<'a> Fields<'a> {
    fn none() -> Self {
        Self(array::from_fn(|_| Scalar::Absent))
    }

    /// The value of a field.
    pub fn get(&self, field: Field) -> &Scalar<'a> {
        self.0.get(field as usize).unwrap_or(&ABSENT)
    }

    /// Whether a field has a value.
    pub fn has(&self, field: Field) -> bool {
        self.get(field).is_present()
    }

    /// From the members of a structured OTLP body or of its attributes.
    pub fn from_members(members: &'a [KeyValue]) -> Self {
        let mut fields = Self::none();
        fields.put_members(members, &KeyPath::ROOT, 0);
        fields
    }

    /// An event inside a wrapper comes before what the shipper wrote around it.
    fn put(&mut self, field: Field, value: Scalar<'a>, depth: usize) {
        // Of the many names for "the message", the one that holds an event counts.
        let is_wrapper_without_event = field == Field::Wrapped && !value.as_str().is_some_and(|text| text.contains('{'));
        if let Some(slot) = self.0.get_mut(field as usize)
            && value.is_present()
            && !is_wrapper_without_event
            && (depth > 0 || !slot.is_present())
        {
            *slot = value;
        }
    }

    fn put_members(&mut self, members: &'a [KeyValue], path: &KeyPath, depth: usize) {
        for member in members {
            let key = String::from_utf8_lossy(&member.key);
            let (field, within) = look_up(path, &key);
            let value = member.value.as_ref().and_then(|value| value.value.as_ref());
            match (value, field, within) {
                (Some(Value::Kvlist(list)), _, Some(within)) => self.put_members(&list.values, &within, depth + 1),
                (Some(value), Some(field), _) => self.put(field, scalar_of(value), depth),
                _ => {}
            }
        }
    }
}

fn scalar_of(value: &Value) -> Scalar<'_> {
    match value {
        Value::Text(text) | Value::Bytes(text) => Scalar::text(String::from_utf8_lossy(text)),
        Value::Bool(truth) => Scalar::Bool(*truth),
        Value::Integer(number) => Scalar::Integer(*number),
        Value::Float(number) => Scalar::Float(*number),
        Value::Array(list) => {
            let texts = list.values.iter().filter_map(|value| match value.value.as_ref() {
                Some(Value::Text(text)) => Some(String::from_utf8_lossy(text)),
                _ => None,
            });
            Scalar::List(texts.take(LONGEST_LIST).collect())
        }
        Value::Kvlist(_) => Scalar::Absent,
    }
}

/// The lists we use are of DHCP message types and of protocols.
const LONGEST_LIST: usize = 16;

impl<'de> de::Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Self::none();
        deserializer.deserialize_map(Members { fields: &mut fields, path: KeyPath::ROOT, depth: 0 })?;
        Ok(fields)
    }
}

/// Visits the members of an object.
struct Members<'f, 'de> {
    fields: &'f mut Fields<'de>,
    path: KeyPath,
    depth: usize,
}

impl<'de> Visitor<'de> for Members<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an event, which is a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            match look_up(&self.path, &key) {
                (None, None) => {
                    map.next_value::<IgnoredAny>()?;
                }
                (field, within) => map.next_value_seed(Member { fields: self.fields, field, within, depth: self.depth })?,
            }
        }
        Ok(())
    }
}

/// Visits the value of a member that is in the table.
struct Member<'f, 'de> {
    fields: &'f mut Fields<'de>,
    field: Option<Field>,
    within: Option<KeyPath>,
    depth: usize,
}

impl<'de> Member<'_, 'de> {
    fn put(self, value: Scalar<'de>) {
        if let Some(field) = self.field {
            self.fields.put(field, value, self.depth);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Member<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Member<'_, 'de> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<(), E> {
        self.put(Scalar::text(text));
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.put(Scalar::text(text.to_owned()));
        Ok(())
    }

    fn visit_string<E>(self, text: String) -> Result<(), E> {
        self.put(Scalar::text(text));
        Ok(())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.put(Scalar::Bool(truth));
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.put(Scalar::Integer(number));
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.put(Scalar::unsigned(number));
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.put(Scalar::Float(number));
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.within {
            Some(path) => Members { fields: self.fields, path, depth: self.depth + 1 }.visit_map(map),
            None => {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(())
            }
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut texts = Vec::new();
        while let Some(element) = list.next_element::<Element<'de>>()? {
            if let Element(Some(text)) = element
                && texts.len() < LONGEST_LIST
            {
                texts.push(text);
            }
        }
        self.put(Scalar::List(texts));
        Ok(())
    }
}

/// A key, borrowed unless it holds escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> de::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Cow<'de, str>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }
        }
        deserializer.deserialize_str(Text).map(Self)
    }
}

/// An element of a list: its text, or nothing when it is no text.
struct Element<'de>(Option<Cow<'de, str>>);

impl<'de> de::Deserialize<'de> for Element<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Option<Cow<'de, str>>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any JSON value")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Some(super::scalar::without_nuls(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Some(super::scalar::without_nuls(Cow::Owned(text.to_owned()))))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(None)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(None)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(None)
            }
        }
        deserializer.deserialize_any(Text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(json: &str) -> Fields<'_> {
        serde_json::from_str(json).unwrap()
    }

    fn text(json: &str, field: Field) -> Option<String> {
        fields(json).get(field).as_text().map(Cow::into_owned)
    }

    #[test]
    fn all_spellings_of_a_key_are_one() {
        for json in [
            r#"{"id.orig_h":"10.0.0.5"}"#,
            r#"{"id_orig_h":"10.0.0.5"}"#,
            r#"{"idOrigH":"10.0.0.5"}"#,
            r#"{"id":{"orig_h":"10.0.0.5"}}"#,
            r#"{"zeek":{"id":{"orig_h":"10.0.0.5"}}}"#,
            r#"{"zeek.id.orig_h":"10.0.0.5"}"#,
            r#"{"orig_h":"10.0.0.5"}"#,
        ] {
            assert_eq!(text(json, Field::OriginatorHost).as_deref(), Some("10.0.0.5"), "{json}");
        }
        for json in [
            r#"{"event_type":"alert"}"#,
            r#"{"eventType":"alert"}"#,
            r#"{"suricata.eve.event_type":"alert"}"#,
            r#"{"suricata":{"eve":{"event_type":"alert"}}}"#,
            r#"{"log":{"event_type":"alert"}}"#,
            r#"{"event_\u0074ype":"alert"}"#,
        ] {
            assert_eq!(text(json, Field::EventType).as_deref(), Some("alert"), "{json}");
        }
    }

    #[test]
    fn members_of_objects_belong_to_their_object() {
        let json = r#"{"signature_id":1,"severity":1,"alert":{"signature_id":2,"severity":3},"http":{"hostname":"x"}}"#;
        assert_eq!(fields(json).get(Field::AlertSignatureId).as_integer(), Some(2));
        assert_eq!(fields(json).get(Field::AlertSeverity).as_integer(), Some(3));
        assert!(!fields(json).has(Field::HostName));
    }

    #[test]
    fn what_is_inside_a_wrapper_comes_before_what_is_around_it() {
        for json in
            [r#"{"timestamp":"shipped","message":{"timestamp":"event"}}"#, r#"{"message":{"timestamp":"event"},"timestamp":"shipped"}"#]
        {
            assert_eq!(text(json, Field::Timestamp).as_deref(), Some("event"), "{json}");
        }
    }

    #[test]
    fn the_shippers_own_name_is_no_devices_name() {
        assert_eq!(text(r#"{"hostname":"gateway","mac":"00:1b:21:0a:bc:de"}"#, Field::HostName), None);
        assert_eq!(text(r#"{"host_name":"nas1\u0000"}"#, Field::HostName).as_deref(), Some("nas1"));
        assert_eq!(text(r#"{"dhcp":{"hostname":"nas1"}}"#, Field::DhcpHostname).as_deref(), Some("nas1"));
    }

    #[test]
    fn lists_keep_their_texts() {
        let json = r#"{"msg_types":["DISCOVER",7,{"a":[1]},null,"ACK"]}"#;
        assert!(fields(json).get(Field::MessageTypes).texts().eq(["DISCOVER", "ACK"]));
    }

    #[test]
    fn no_spelling_stands_for_two_fields_and_none_is_too_long() {
        let longest_wrapper = FLATTENED.iter().map(|wrapper| wrapper.len()).max().unwrap();
        let mut spellings: Vec<&str> = Field::SPELLINGS.iter().map(|(spelling, _)| *spelling).collect();
        for spelling in &spellings {
            assert!(spelling.len() + longest_wrapper <= KeyPath::LONGEST, "{spelling}");
            assert!(spelling.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{spelling} is not folded");
        }
        let count = spellings.len();
        spellings.sort_unstable();
        spellings.dedup();
        assert_eq!(spellings.len(), count);
    }
}
