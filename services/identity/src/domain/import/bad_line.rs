//! What is wrong with a file, line by line.

/// Something wrong on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLine {
    /// From 1.
    pub line: u64,
    /// The column; in JSON the member that carries the same fact. None when the line as a whole is meant.
    pub field: Option<Field>,
    /// Stable.
    pub reason: Reason,
    /// What to do about it, in English.
    pub message: String,
}

/// Everything wrong with a file. Only the first lines are kept, so that a wrong file of 64 MiB stays a small report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BadLines {
    shown: Vec<BadLine>,
    total: u64,
}

impl BadLines {
    /// How many are kept at most.
    pub const SHOWN_AT_MOST: usize = 200;

    pub(super) fn push(&mut self, bad_line: BadLine) {
        self.total += 1;
        if self.shown.len() < Self::SHOWN_AT_MOST {
            self.shown.push(bad_line);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }

    pub(super) fn sorted(mut self) -> Self {
        self.shown.sort_by_key(|bad_line| bad_line.line);
        self
    }

    /// The first, in order of line.
    pub fn shown(&self) -> &[BadLine] {
        &self.shown
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }
}

/// A fact about a board, a school or a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    BoardNumber,
    BoardName,
    BoardKind,
    /// Number of the school.
    InstitutionNumber,
    SchoolName,
    SchoolMunicipality,
    /// Number of the site within its school.
    SiteNumber,
    SiteName,
    /// Street and house number of the site.
    Street,
    /// Postal code of the site.
    PostalCode,
    /// Municipality of the site.
    Municipality,
}

impl Field {
    /// All, in the order in which a file is best written.
    pub const ALL: [Self; 11] = [
        Self::BoardNumber,
        Self::BoardName,
        Self::BoardKind,
        Self::InstitutionNumber,
        Self::SchoolName,
        Self::SchoolMunicipality,
        Self::SiteNumber,
        Self::SiteName,
        Self::Street,
        Self::PostalCode,
        Self::Municipality,
    ];

    /// The name of the CSV column, stable.
    pub const fn as_str(self) -> &'static str {
        self.columns().0
    }

    /// The names a CSV column may have: ours, and the sector's.
    pub(super) const fn columns(self) -> (&'static str, &'static str) {
        match self {
            Self::BoardNumber => ("board_number", "bestuursnummer"),
            Self::BoardName => ("board_name", "bestuursnaam"),
            Self::BoardKind => ("board_kind", "bestuurstype"),
            Self::InstitutionNumber => ("institution_number", "instellingsnummer"),
            Self::SchoolName => ("school_name", "instellingsnaam"),
            Self::SchoolMunicipality => ("school_municipality", "instellingsgemeente"),
            Self::SiteNumber => ("site_number", "vestigingsnummer"),
            Self::SiteName => ("site_name", "vestigingsnaam"),
            Self::Street => ("street", "straat"),
            Self::PostalCode => ("postal_code", "postcode"),
            Self::Municipality => ("municipality", "gemeente"),
        }
    }
}

/// Why a line is bad. Stable words: scripts of boards and of the ministry match on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Reason {
    /// Two lines say something different about the same thing.
    ConflictingValue,
    /// The same site twice.
    DuplicateNumber,
    /// No digits, too many, or zero.
    InvalidBoardNumber,
    /// No digits, too many, or zero.
    InvalidInstitutionNumber,
    /// Not four digits.
    InvalidPostalCode,
    /// No digits, too many, or zero.
    InvalidSiteNumber,
    /// The header lacks a column that is needed.
    MissingColumn,
    /// No municipality.
    MissingMunicipality,
    /// No name.
    MissingName,
    /// No number.
    MissingNumber,
    NothingToImport,
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// The header names a column twice.
    RepeatedColumn,
    SchoolWithoutBoard,
    /// A school without any site.
    SchoolWithoutSite,
    SiteWithoutSchool,
    /// Longer than 200 characters.
    TextTooLong,
    /// A kind of board that does not exist.
    UnknownBoardKind,
    /// Control characters in a text.
    UnprintableText,
    /// Not CSV, not JSON, or not of the shape asked for.
    Unreadable,
    /// More or fewer columns than the header.
    WrongColumnCount,
}
