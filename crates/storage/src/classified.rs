//! Which class of data the rows of a table are of, and how sensitive its columns are: said beside its `Model`.

use sea_orm::{EntityTrait, IdenStatic as _, Iterable as _};

/// What is kept for one purpose, and so for one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::VariantArray, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Class {
    /// Boards, schools, sites, and who they are at the sector's register.
    Organisations,
    /// Vendors, and what is proven of who schools and vendors are.
    Enrolments,
    /// Whom to call at a school.
    StaffContacts,
    /// Who holds or held which function, and their name and address.
    Functions,
    /// Invitations to a function.
    Invitations,
    /// Gateways: which device may or might post for a school, and when it was heard.
    Gateways,
    /// Devices on a school's network, with their addresses.
    Devices,
    /// In which quarter-hours a device was in use.
    DeviceUse,
    /// Alerts of sensors, with the event that was seen last.
    Alerts,
    /// What keeps alerts quiet.
    Suppressions,
    /// What counts towards a threshold of an incident class.
    Thresholds,
    /// Cases with timeline, evidence and who worked on them.
    Incidents,
    /// Messages that could not be processed.
    DeadLetters,
    /// What became of an e-mail; its text goes when it is sent.
    Mails,
    /// Who did and read what.
    Audit,
    /// The names of those who did.
    AuditNames,
    /// What was on hold, and why.
    Holds,
    /// Whose name and address were erased, and why.
    Erasures,
    /// What services need to pass events on, once and in order.
    Technical,
}

impl Class {
    /// Every class.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Its name in content, metrics and audit rows.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// For rows that go by their age, the fewest days that they are needed, and for what. `None`: they end otherwise.
    pub const fn least_days(self) -> Option<(u32, &'static str)> {
        match self {
            Self::Functions => Some((32, "pages say who stopped in the last 31 days")),
            Self::Invitations => Some((8, "a link is good for 7 days, and how many were sent is counted")),
            Self::Devices => Some((31, "a device counts as quiet after 30 days")),
            Self::DeviceUse => Some((8, "pages show the last 7 days")),
            Self::Alerts => Some((8, "an alert stays open for 7 days")),
            Self::Suppressions => Some((1, "somebody may wonder what kept an alert quiet")),
            Self::Incidents => Some((31, "alerts stay quiet for some weeks after a false positive")),
            Self::DeadLetters => Some((1, "nobody could replay them")),
            Self::Mails => Some((1, "nobody could see what became of a mail")),
            Self::Holds => Some((365, "somebody may ask why something was kept")),
            Self::Erasures => Some((365, "somebody may ask why a person is gone")),
            Self::Organisations
            | Self::Enrolments
            | Self::StaffContacts
            | Self::Gateways
            | Self::Thresholds
            | Self::Audit
            | Self::AuditNames
            | Self::Technical => None,
        }
    }
}

/// How sensitive a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::VariantArray, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Sensitivity {
    /// Anybody may know it, such as the name of a school.
    Public,
    /// Of the platform or of a school, and of no person.
    Internal,
    /// Of a person (GDPR art. 4(1)): a name, an address, an id, what somebody did or had on their desk.
    Personal,
    /// Text or traffic that may hold anything, so also what GDPR art. 9 and 10 guard, and secrets of people.
    Special,
}

impl Sensitivity {
    /// Every one, the least first.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// Its name in documents.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// A table whose rows and columns are classified: [`crate::classified!`].
pub trait Classified: EntityTrait {
    /// Of the rows, which go together.
    const CLASS: Class;

    /// Of a column.
    fn sensitivity(column: &Self::Column) -> Sensitivity;
}

/// Classifies a table beside its `Model`: the class of its rows, and every column by its sensitivity. A column that is left out, or is there no
/// longer, does not compile.
///
/// ```ignore
/// storage::classified! { StaffContacts {
///     Internal: ContactId, SchoolId, OutOfHours;
///     Personal: Name, Phone;
/// }}
/// ```
#[macro_export]
macro_rules! classified {
    ($class:ident { $($sensitivity:ident: $($column:ident),+;)+ }) => {
        impl $crate::classified::Classified for Entity {
            const CLASS: $crate::classified::Class = $crate::classified::Class::$class;

            fn sensitivity(column: &Column) -> $crate::classified::Sensitivity {
                match column {
                    $($(Column::$column)|+ => $crate::classified::Sensitivity::$sensitivity,)+
                }
            }
        }
    };
}

/// What is said of a table, for those who list all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassifiedTable {
    pub name: &'static str,
    pub class: Class,
    /// In the order of the row.
    pub columns: Vec<(&'static str, Sensitivity)>,
}

impl ClassifiedTable {
    /// That of an entity.
    pub fn of<E: Classified>(entity: E) -> Self {
        let columns = E::Column::iter().map(|column| (column.as_str(), E::sensitivity(&column))).collect();
        Self { name: entity.table_name(), class: E::CLASS, columns }
    }
}
