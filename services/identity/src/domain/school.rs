//! Schools and their sites.

use runtime::{SchoolId, SiteId};

use super::{Board, InstitutionNumber, SiteNumber};

/// A school (instelling) with its board and all its sites: what `identity.organisation.v1` says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct School {
    /// What every other service refers to.
    pub id: SchoolId,
    /// Institution number (instellingsnummer).
    pub number: InstitutionNumber,
    pub name: String,
    /// Where its main site is.
    pub municipality: String,
    /// The board that runs it.
    pub board: Board,
    /// Its sites, by number.
    pub sites: Vec<Site>,
}

impl School {
    /// The site of this id, when it is one of this school.
    pub fn site(&self, id: SiteId) -> Option<&Site> {
        self.sites.iter().find(|site| site.id == id)
    }
}

/// A site (vestiging) of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// What gateways and devices refer to.
    pub id: SiteId,
    /// Number within the school.
    pub number: SiteNumber,
    /// Name; the school's own when the master data gives none.
    pub name: String,
    /// Street and house number; empty when unknown.
    pub street: String,
    /// Four digits; empty when unknown.
    pub postal_code: String,
    pub municipality: String,
}
