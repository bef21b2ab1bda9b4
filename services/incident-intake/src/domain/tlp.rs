//! Who may read a text.

use serde::{Deserialize, Serialize};

/// Traffic Light Protocol 2.0: who may read a text. Stored, sent and shown by the name of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, strum::Display, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(const_into_str)]
pub enum Tlp {
    /// Only the people it was given to.
    #[serde(rename = "TLP:RED")]
    #[strum(serialize = "TLP:RED")]
    Red,
    /// Only within their organisation.
    #[serde(rename = "TLP:AMBER+STRICT")]
    #[strum(serialize = "TLP:AMBER+STRICT")]
    AmberStrict,
    /// Within their organisation and its clients who need it.
    #[serde(rename = "TLP:AMBER")]
    #[strum(serialize = "TLP:AMBER")]
    Amber,
    /// Within the community.
    #[serde(rename = "TLP:GREEN")]
    #[strum(serialize = "TLP:GREEN")]
    Green,
    /// Anybody.
    #[serde(rename = "TLP:CLEAR")]
    #[strum(serialize = "TLP:CLEAR")]
    Clear,
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn every_name_leads_back_to_its_value() {
        for tlp in Tlp::VARIANTS {
            assert_eq!(tlp.into_str().parse(), Ok(*tlp));
            assert_eq!(serde_json::to_value(tlp).unwrap(), tlp.into_str());
        }
        assert!("TLP:WHITE".parse::<Tlp>().is_err(), "that was TLP 1.0");
    }
}
