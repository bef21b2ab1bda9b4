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
    /// Name.
    pub name: String,
    /// Kind of organising authority.
    pub kind: BoardKind,
}

/// Kind of organising authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BoardKind {
    /// Community education (gemeenschapsonderwijs).
    Go,
    /// Free: private law (vrij onderwijs).
    Free,
    /// A province.
    Province,
    /// A municipality.
    Municipality,
    /// A public centre for social welfare.
    Ocmw,
    /// An intercommunal.
    Intercommunal,
    /// The Flemish Community itself.
    FlemishCommunity,
    /// Any other.
    Other,
}

impl BoardKind {
    /// Every kind: its stable name, then the word of the sector.
    const NAMES: [(Self, &'static str, &'static str); 8] = [
        (Self::Go, "go", "go!"),
        (Self::Free, "free", "vrij"),
        (Self::Province, "province", "provincie"),
        (Self::Municipality, "municipality", "gemeente"),
        (Self::Ocmw, "ocmw", "ocmw"),
        (Self::Intercommunal, "intercommunal", "intercommunale"),
        (Self::FlemishCommunity, "flemish_community", "vlaamse gemeenschap"),
        (Self::Other, "other", "andere"),
    ];

    /// The stable name, the same in the store and on the wire.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(kind, ..)| *kind == self).map_or("other", |(_, name, _)| name)
    }

    /// The kind of a stable name or of the sector's own word, in any case.
    pub fn from_name(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        Self::NAMES.iter().find(|(_, name, word)| lower == *name || lower == *word).map(|(kind, ..)| *kind)
    }

    /// The stable names, for messages.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|(_, name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_both_its_names() {
        for (kind, name, word) in BoardKind::NAMES {
            assert_eq!(kind.as_str(), name);
            assert_eq!(BoardKind::from_name(name), Some(kind));
            assert_eq!(BoardKind::from_name(&word.to_uppercase()), Some(kind));
        }
        assert_eq!(BoardKind::from_name("sportclub"), None);
    }
}
