//! The alerts of a case: from where to where, how often, and the sensor's own message.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use portal_frame::answer::{Unreadable, given, required_moment};
use proto::incident_intake::v1 as wire;

/// One alert.
#[derive(Clone, Debug)]
pub(crate) struct Evidence {
    pub(crate) alert_id: String,
    pub(crate) signature: String,
    pub(crate) category: String,
    pub(crate) sensor: String,
    pub(crate) from: Place,
    pub(crate) to: Place,
    /// Addresses that it went to, in all.
    pub(crate) destinations: i64,
    /// The first of them but for `to`.
    pub(crate) further: Vec<String>,
    pub(crate) protocol: String,
    pub(crate) first: DateTime<Utc>,
    pub(crate) last: DateTime<Utc>,
    pub(crate) events: i64,
    /// The first message as it came.
    pub(crate) raw: Option<String>,
    pub(crate) raw_sha256: String,
}

/// One end of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) ip: String,
    pub(crate) port: Option<u32>,
    pub(crate) device_id: Option<String>,
    pub(crate) device_name: Option<String>,
}

impl Place {
    /// Whether this end is within the school: a known device, or an address that never leaves a local network.
    pub(crate) fn is_inside(&self) -> bool {
        self.device_id.is_some() || self.ip.parse().is_ok_and(is_local)
    }
}

fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local() || v4.is_loopback() || v4.is_broadcast() || v4.is_multicast(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback() || v6.is_multicast(),
    }
}

impl Evidence {
    /// A made-up piece: a device of the school, and an address outside.
    pub(crate) fn sample() -> Self {
        let device = |text: &str| Some(text.to_owned());
        let now = portal_frame::samples::now();
        Self {
            alert_id: "alert".to_owned(),
            signature: "ET MALWARE Sample".to_owned(),
            category: "Command and Control".to_owned(),
            sensor: "suricata".to_owned(),
            from: Place { ip: "10.0.0.9".to_owned(), port: Some(49_152), device_id: device("1"), device_name: device("SEC-PC-02") },
            to: Place { ip: "203.0.113.77".to_owned(), port: Some(443), device_id: None, device_name: None },
            destinations: 23,
            further: vec!["203.0.113.78".to_owned(), "203.0.113.79".to_owned()],
            protocol: "tcp".to_owned(),
            first: now,
            last: now,
            events: 14,
            raw: Some(r#"{"event_type":"alert"}"#.to_owned()),
            raw_sha256: "00ff".to_owned(),
        }
    }

    /// Whether it is about traffic. What the platform says itself is not.
    pub(crate) fn is_about_traffic(&self) -> bool {
        [&self.from, &self.to].into_iter().any(|place| !place.ip.is_empty() || place.device_id.is_some())
    }

    /// The raw message on several lines where it is JSON, otherwise as it came.
    pub(crate) fn readable_raw(&self) -> Option<String> {
        let raw = self.raw.as_deref()?;
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(raw).is_ok();
        Some(if is_json { indent_json(raw) } else { raw.to_owned() })
    }
}

/// Breaks JSON into lines without touching a value: numbers, the order of keys and escapes stay as the sensor wrote them,
/// which parsing and printing again would not promise.
fn indent_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let mut depth = 0_usize;
    let (mut in_string, mut escaped, mut just_opened) = (false, false, false);
    let break_line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    };
    for character in json.chars() {
        if in_string {
            text.push(character);
            in_string = escaped || character != '"';
            escaped = character == '\\' && !escaped;
            continue;
        }
        match character {
            '{' | '[' => {
                if just_opened {
                    break_line(&mut text, depth);
                }
                text.push(character);
                depth += 1;
                just_opened = true;
                continue;
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !just_opened {
                    break_line(&mut text, depth);
                }
                text.push(character);
            }
            ',' => {
                text.push(character);
                break_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            space if space.is_ascii_whitespace() => continue,
            other => {
                if just_opened {
                    break_line(&mut text, depth);
                }
                text.push(other);
                in_string = other == '"';
            }
        }
        just_opened = false;
    }
    text
}

impl TryFrom<wire::Evidence> for Evidence {
    type Error = Unreadable;

    fn try_from(evidence: wire::Evidence) -> Result<Self, Unreadable> {
        let from = Place {
            ip: evidence.source_ip,
            port: (evidence.source_port > 0).then_some(evidence.source_port),
            device_id: given(evidence.source_device_id),
            device_name: given(evidence.source_device_name),
        };
        let to = Place {
            ip: evidence.destination_ip,
            port: (evidence.destination_port > 0).then_some(evidence.destination_port),
            device_id: given(evidence.destination_device_id),
            device_name: given(evidence.destination_device_name),
        };
        Ok(Self {
            alert_id: evidence.alert_id,
            signature: evidence.signature,
            category: evidence.category,
            sensor: evidence.sensor,
            from,
            destinations: evidence.destination_count,
            further: evidence.destination_ips.into_iter().filter(|ip| *ip != to.ip).collect(),
            to,
            protocol: evidence.protocol,
            first: required_moment(evidence.first_time, "evidence.first_time")?,
            last: required_moment(evidence.last_time, "evidence.last_time")?,
            events: evidence.event_count,
            raw: given(evidence.raw_event),
            raw_sha256: evidence.raw_event_sha256,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..6).prop_map(|entries| entries.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn indenting_changes_no_value(value in any_json()) {
            let indented = indent_json(&value.to_string());
            prop_assert_eq!(serde_json::from_str::<Value>(&indented).unwrap(), value);
        }
    }

    #[test]
    fn indenting_keeps_order_and_spelling() {
        let text = indent_json(r#"{"z":1.50,"a":{"list":[1,[],{}],"quote":"a\"{b:c,d\\"}}"#);
        insta::assert_snapshot!(text, @r#"
        {
          "z": 1.50,
          "a": {
            "list": [
              1,
              [],
              {}
            ],
            "quote": "a\"{b:c,d\\"
          }
        }
        "#);
    }

    #[test]
    fn what_is_no_json_stays_as_it_came() {
        let evidence = Evidence {
            raw: Some("ET SCAN {not json".to_owned()),
            ..Evidence::try_from(wire::Evidence {
                first_time: Some(Default::default()),
                last_time: Some(Default::default()),
                ..Default::default()
            })
            .unwrap()
        };
        assert_eq!(evidence.readable_raw().unwrap(), "ET SCAN {not json");
    }

    #[test]
    fn a_private_address_or_a_known_device_is_inside() {
        let place = |ip: &str, device: Option<&str>| Place {
            ip: ip.to_owned(),
            port: None,
            device_id: device.map(str::to_owned),
            device_name: None,
        };
        assert!(place("10.20.4.37", None).is_inside());
        assert!(place("fd00::1", None).is_inside());
        assert!(place("203.0.113.9", Some("0190")).is_inside());
        assert!(!place("203.0.113.9", None).is_inside());
        assert!(!place("", None).is_inside());
    }
}
