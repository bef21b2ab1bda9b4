//! One event of a sensor that found something suspicious, before it is folded into an alert.

use std::{borrow::Cow, fmt, net::IpAddr};

use chrono::{DateTime, Utc};
use serde::Serialize;

/// Most bytes of an event that an alert keeps.
pub const RAW_EVENT_LIMIT: usize = 16 * 1024;

/// How bad the rule's author thought it is. Its number is the same in the store and on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(Serialize, strum::IntoStaticStr, strum::VariantArray, strum::FromRepr)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(i32)]
pub enum Severity {
    /// Worth knowing.
    Low = 1,
    /// Worth a look.
    Medium,
    /// Worth a look now.
    High,
}

impl Severity {
    /// From Suricata's priority: 1 is the worst, 2 the middle, everything else is low. A rule without one counts as middle.
    pub const fn from_suricata(priority: Option<i64>) -> Self {
        match priority {
            Some(1) => Self::High,
            Some(2) | None => Self::Medium,
            Some(_) => Self::Low,
        }
    }

    /// 1 to 3, as the store sorts it.
    pub const fn rank(self) -> i16 {
        self as i16
    }

    /// From its rank; anything out of range is the nearest.
    pub const fn from_rank(rank: i16) -> Self {
        match rank {
            ..=1 => Self::Low,
            2 => Self::Medium,
            _ => Self::High,
        }
    }
}

/// What kind of sensor it was, by its name in the store and on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, strum::Display, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum Sensor {
    Suricata,
    Zeek,
    /// The platform itself: a bound of a school was reached.
    Schildwacht,
}

/// What was matched, stable over versions of the rule: `suricata:<gid>:<sid>` or `zeek:<Note>`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct SignatureId(String);

/// The text is not the id of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a signature id is `suricata:<gid>:<sid>` or `zeek:<Namespace>::<Note>`, at most {} characters", SignatureId::LONGEST)]
pub struct NotASignatureId;

impl SignatureId {
    const LONGEST: usize = 200;

    /// Of a Suricata rule.
    pub fn suricata(generator: i64, signature: i64) -> Self {
        Self(format!("suricata:{generator}:{signature}"))
    }

    /// Of a Zeek notice.
    pub fn zeek(note: &str) -> Self {
        let end = note.char_indices().map(|(start, letter)| start + letter.len_utf8()).take_while(|end| *end <= Self::LONGEST - 5).last();
        Self(format!("zeek:{}", &note[..end.unwrap_or(0)]))
    }

    /// Of what the platform itself says: a school reached a bound of what it may have.
    pub fn flood() -> Self {
        Self("schildwacht:flood".to_owned())
    }

    /// Of what the platform itself says: a school sends more than it may, and its events wait.
    pub fn over_rate() -> Self {
        Self("schildwacht:over-rate".to_owned())
    }

    /// Of what the platform itself says: a school sends so much that cannot be read that the oldest of it is gone.
    pub fn unreadable() -> Self {
        Self("schildwacht:unreadable".to_owned())
    }

    /// Reads an id from a request or from the store.
    pub fn parse(text: &str) -> Result<Self, NotASignatureId> {
        let is_printable = text.len() <= Self::LONGEST && !text.chars().any(|letter| letter.is_control() || letter.is_whitespace());
        let is_suricata = || {
            let mut numbers = text.strip_prefix("suricata:")?.split(':');
            let all_are_numbers = numbers.clone().all(|number| number.parse::<u32>().is_ok());
            (numbers.by_ref().count() == 2 && all_are_numbers).then_some(())
        };
        let is_zeek = || text.strip_prefix("zeek:").is_some_and(|note| !note.is_empty());
        if is_printable && (is_suricata().is_some() || is_zeek()) { Ok(Self(text.to_owned())) } else { Err(NotASignatureId) }
    }

    /// As it was stored, also by an earlier version with other rules.
    pub const fn from_store(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SignatureId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// One side of the traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Unknown for the few notices that are about no address.
    pub ip: Option<IpAddr>,
    /// Unknown for protocols without ports.
    pub port: Option<u16>,
}

/// One suspicious event.
#[derive(Clone, Debug)]
pub struct Detection<'a> {
    /// Who found it.
    pub sensor: Sensor,
    /// What was matched.
    pub signature_id: SignatureId,
    /// The rule's own text.
    pub signature: Cow<'a, str>,
    /// The rule's own category.
    pub category: Cow<'a, str>,
    /// How bad.
    pub severity: Severity,
    /// Where the suspicious packet came from.
    pub source: Endpoint,
    /// Where it went.
    pub destination: Endpoint,
    /// Lowercase: `tcp`, `udp`, `icmp`.
    pub protocol: Cow<'a, str>,
    pub time: DateTime<Utc>,
    /// Tells the same event sent twice from two events that look alike.
    pub fingerprint: Fingerprint,
    /// The event as it came, JSON.
    pub raw: Cow<'a, str>,
}

impl Detection<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Detection<'static> {
        Detection {
            sensor: self.sensor,
            signature_id: self.signature_id,
            signature: self.signature.into_owned().into(),
            category: self.category.into_owned().into(),
            severity: self.severity,
            source: self.source,
            destination: self.destination,
            protocol: self.protocol.into_owned().into(),
            time: self.time,
            fingerprint: self.fingerprint,
            raw: self.raw.into_owned().into(),
        }
    }
}

/// The identity of an event, as far as the sensor gave it one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// Of the parts that tell an event from its neighbours: FNV-1a, since it is stored and must never change.
    pub fn of<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Self {
        const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        const BETWEEN: u8 = 0xff;
        let mut hash = OFFSET;
        for part in parts {
            for byte in part.iter().chain([&BETWEEN]) {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
            }
        }
        Self(hash)
    }

    /// From the store.
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// For the store.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suricata_priorities_become_severities() {
        assert_eq!(Severity::from_suricata(Some(1)), Severity::High);
        assert_eq!(Severity::from_suricata(Some(2)), Severity::Medium);
        assert_eq!(Severity::from_suricata(Some(3)), Severity::Low);
        assert_eq!(Severity::from_suricata(Some(255)), Severity::Low);
        assert_eq!(Severity::from_suricata(None), Severity::Medium);
    }

    #[test]
    fn only_ids_of_signatures_are_read() {
        for id in ["suricata:1:2027865", "zeek:SSL::Invalid_Server_Cert"] {
            assert_eq!(SignatureId::parse(id).unwrap().as_str(), id);
        }
        for text in ["", "suricata:1", "suricata:1:x", "suricata:1:2:3", "zeek:", "zeek:a b", "sigma:1", "SURICATA:1:2"] {
            assert_eq!(SignatureId::parse(text), Err(NotASignatureId), "{text}");
        }
        assert!(SignatureId::parse(&format!("zeek:{}", "x".repeat(300))).is_err());
        let long = SignatureId::zeek(&"é".repeat(300));
        assert_eq!(SignatureId::parse(long.as_str()), Ok(long));
    }

    #[test]
    fn a_fingerprint_never_changes_and_parts_do_not_run_together() {
        assert_eq!(Fingerprint::of([b"a".as_slice()]).bits(), 0x089b_c907_b544_c769_u64, "stored fingerprints would no longer match");
        assert_ne!(Fingerprint::of([b"ab".as_slice(), b"c"]), Fingerprint::of([b"a".as_slice(), b"bc"]));
    }
}
