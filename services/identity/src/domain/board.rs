//! School boards.

use runtime::BoardId;

use super::BoardNumber;

/// A school board (schoolbestuur), the controller under the GDPR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// Stays when the number or the name changes hands.
    pub id: BoardId,
    /// Number in the ministry's master data.
    pub number: BoardNumber,
    pub name: String,
    /// Kind of organising authority.
    pub kind: BoardKind,
}

/// Kind of organising authority. It is read from its stable name and from the word of the sector, in upper or lower case; stored
/// and written by its stable name; and has the number of the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString, strum::VariantArray)]
#[strum(serialize_all = "snake_case", ascii_case_insensitive, const_into_str)]
#[repr(i32)]
pub enum BoardKind {
    /// Community education (gemeenschapsonderwijs).
    #[strum(to_string = "go", serialize = "go!")]
    Go = 1,
    /// Free: private law (vrij onderwijs).
    #[strum(to_string = "free", serialize = "vrij")]
    Free,
    #[strum(to_string = "province", serialize = "provincie")]
    Province,
    #[strum(to_string = "municipality", serialize = "gemeente")]
    Municipality,
    /// A public centre for social welfare.
    Ocmw,
    #[strum(to_string = "intercommunal", serialize = "intercommunale")]
    Intercommunal,
    /// The Flemish Community itself.
    #[strum(to_string = "flemish_community", serialize = "vlaamse gemeenschap")]
    FlemishCommunity,
    /// Any other.
    #[strum(to_string = "other", serialize = "andere")]
    Other,
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn every_kind_is_found_by_both_its_names() {
        let words = ["go!", "vrij", "provincie", "gemeente", "ocmw", "intercommunale", "vlaamse gemeenschap", "andere"];
        for (kind, word) in BoardKind::VARIANTS.iter().zip(words) {
            assert_eq!(kind.into_str().parse(), Ok(*kind));
            assert_eq!(word.to_uppercase().parse(), Ok(*kind));
        }
        assert!("sportclub".parse::<BoardKind>().is_err());
    }
}
