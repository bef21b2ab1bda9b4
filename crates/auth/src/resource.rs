//! What is acted upon, and the hierarchy it stands in.
//!
//! ```text
//! platform ─┬─ board ── school ── site
//!           └─ vendor ── app
//! a person's own things
//! ```
//!
//! A function stands below its place: giving somebody one is an act upon it.
//!
//! A function holds at a place in it and reaches everything below that place. To add a kind: a variant and a row of `kinds!`, and the
//! entity in `policies/schema.cedarschema`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use runtime::{AppId, BoardId, PersonId, SchoolId, SiteId, VendorId};
use uuid::Uuid;

use crate::{Action, Function, Role};

/// Something an action is done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// All organisations, and what belongs to none.
    Platform,
    /// A school board: the controller of its schools' data (GDPR).
    Board(BoardId),
    /// A school and all that belongs to it: gateways, devices, alerts, cases.
    School(SchoolId),
    /// A site of a school.
    Site(SiteId),
    /// A vendor of apps.
    Vendor(VendorId),
    /// An app in the catalogue.
    App(AppId),
    /// What the platform holds of one person.
    Person(PersonId),
    /// What somebody is, or is to be, at a place.
    Function(Function),
}

/// A kind of resource that lists are about: its id types a [`crate::Scope`].
pub trait Kind: Copy + Ord + Into<Resource> + Into<Uuid> {
    /// For people: `school`.
    const NAME: &'static str;
    /// What a caller must be allowed to know that one exists.
    const READ: Action;

    /// The id, if the resource is of this kind.
    fn of(resource: Resource) -> Option<Self>;
}

impl Function {
    /// Where it holds; `None`: for its holder's own things alone.
    pub const fn place(self) -> Option<Resource> {
        match self {
            Self::Responder | Self::ResponseLead | Self::Operator | Self::Reviewer | Self::Editor => Some(Resource::Platform),
            Self::BoardMember(board) | Self::Dpo(board) => Some(Resource::Board(board)),
            Self::Director(school) | Self::IctCoordinator(school) | Self::Teacher(school) => Some(Resource::School(school)),
            Self::VendorContact(vendor) => Some(Resource::Vendor(vendor)),
            Self::Pupil | Self::Parent => None,
        }
    }

    /// Every function that holds at a place itself, not at one above it.
    pub fn at(place: Resource) -> Vec<Self> {
        let id: Option<Uuid> = match place {
            Resource::Platform => None,
            Resource::Board(board) => Some(board.into()),
            Resource::School(school) => Some(school.into()),
            Resource::Vendor(vendor) => Some(vendor.into()),
            Resource::Site(_) | Resource::App(_) | Resource::Person(_) | Resource::Function(_) => return Vec::new(),
        };
        let functions = Role::ALL.iter().filter_map(|role| Self::new(*role, id));
        functions.filter(|function| function.place() == Some(place)).collect()
    }
}

macro_rules! kinds {
    ($($id:ident is $variant:ident, named $name:literal, read by $read:ident;)+) => {$(
        impl From<$id> for Resource {
            fn from(id: $id) -> Self {
                Self::$variant(id)
            }
        }

        impl Kind for $id {
            const NAME: &'static str = $name;
            const READ: Action = Action::$read;

            fn of(resource: Resource) -> Option<Self> {
                if let Resource::$variant(id) = resource { Some(id) } else { None }
            }
        }
    )+

        impl Resource {
            /// Type and id in policies.
            pub(crate) fn entity(self) -> (&'static str, String) {
                match self {
                    Self::Platform => ("Platform", "platform".to_owned()),
                    Self::Function(function) => ("Function", function.to_string()),
                    $(Self::$variant(id) => (stringify!($variant), id.to_string()),)+
                }
            }

            /// Its name for people, and what a caller must be allowed to know that it exists; `None` for the platform, which everybody knows.
            pub(crate) fn existence(self) -> Option<(&'static str, Action)> {
                match self {
                    Self::Platform => None,
                    Self::Function(_) => Some(("function", Action::FunctionRead)),
                    $(Self::$variant(_) => Some(($id::NAME, $id::READ)),)+
                }
            }
        }
    };
}

kinds! {
    BoardId is Board, named "board", read by BoardRead;
    SchoolId is School, named "school", read by SchoolRead;
    SiteId is Site, named "site", read by SchoolRead;
    VendorId is Vendor, named "vendor", read by VendorRead;
    AppId is App, named "app", read by AppRead;
    PersonId is Person, named "person", read by PersonRead;
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, id) = self.entity();
        match self {
            Self::Platform | Self::Function(_) => formatter.write_str(&id),
            _ => write!(formatter, "{}:{id}", kind.to_lowercase()),
        }
    }
}

/// Which resource stands below which, as far as is known here. Shared by all contexts of a process; fed from `identity.organisation.v1`.
///
/// While the parent of a resource is not known, it stands below the platform alone: functions at a board do not reach it yet. Schools and
/// boards also have their numbers of the ministry's master data here, by which other systems name them.
#[derive(Clone, Debug, Default)]
pub struct Hierarchy(Arc<RwLock<Links>>);

#[derive(Debug, Default)]
struct Links {
    parent: BTreeMap<Resource, Resource>,
    children: BTreeMap<Resource, BTreeSet<Resource>>,
    number: BTreeMap<Resource, u32>,
    schools: BTreeMap<u32, SchoolId>,
    boards: BTreeMap<u32, BoardId>,
}

impl Hierarchy {
    /// Puts a resource below another, and no longer where it was.
    pub fn place(&self, child: impl Into<Resource>, parent: impl Into<Resource>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).place(child.into(), parent.into());
    }

    /// Forgets where a resource stands, and everything below it.
    pub fn remove(&self, resource: impl Into<Resource>) {
        self.put(resource, [], []);
    }

    /// Replaces where a resource and everything below it stand, all at once: `links` are of children to their parents, `numbers` those of
    /// schools and boards.
    pub fn put(
        &self,
        resource: impl Into<Resource>,
        links: impl IntoIterator<Item = (Resource, Resource)>,
        numbers: impl IntoIterator<Item = (Resource, u32)>,
    ) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut gone = vec![resource.into()];
        while let Some(resource) = gone.pop() {
            known.unlink(resource);
            known.forget_number(resource);
            gone.extend(known.children.remove(&resource).unwrap_or_default());
        }
        links.into_iter().for_each(|(child, parent)| known.place(child, parent));
        numbers.into_iter().for_each(|(resource, number)| known.number(resource, number));
    }

    /// The school with this institution number.
    pub fn school_numbered(&self, number: u32) -> Option<SchoolId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).schools.get(&number).copied()
    }

    /// The school board with this number.
    pub fn board_numbered(&self, number: u32) -> Option<BoardId> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).boards.get(&number).copied()
    }

    /// Replaces where every resource stands that a feeder `owns`, and its number, by what `other` knows of them, all at once. What other feeders say stays:
    /// organisations own schools and sites, a catalogue would own apps.
    pub fn replace(&self, owns: impl Fn(Resource) -> bool, other: Self) {
        let new = std::mem::take(&mut *other.0.write().unwrap_or_else(PoisonError::into_inner));
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<Resource> = known.parent.keys().copied().filter(|child| owns(*child)).collect();
        gone.into_iter().for_each(|child| known.unlink(child));
        let gone: Vec<Resource> = known.number.keys().copied().filter(|numbered| owns(*numbered)).collect();
        gone.into_iter().for_each(|numbered| known.forget_number(numbered));
        new.number.into_iter().filter(|(numbered, _)| owns(*numbered)).for_each(|(numbered, number)| known.number(numbered, number));
        new.parent.into_iter().filter(|(child, _)| owns(*child)).for_each(|(child, parent)| known.place(child, parent));
    }

    /// Everything above a resource, nearest first; ends with the platform, except for a person and the platform itself.
    pub(crate) fn above(&self, resource: Resource) -> Vec<Resource> {
        let links = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut above = Vec::new();
        let mut at = resource;
        if let Resource::Function(function) = resource {
            let Some(place) = function.place() else { return above };
            above.push(place);
            at = place;
        }
        // A circle can only come from outside; it must not become an endless loop.
        while let Some(parent) = links.parent.get(&at).copied().filter(|parent| !above.contains(parent)) {
            above.push(parent);
            at = parent;
        }
        let is_below_platform = !matches!(at, Resource::Platform | Resource::Person(_));
        above.into_iter().chain(is_below_platform.then_some(Resource::Platform)).collect()
    }

    /// All of one kind at or below a resource.
    pub(crate) fn within<K: Kind>(&self, resource: Resource) -> Vec<K> {
        let links = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        let mut left = vec![resource];
        while let Some(at) = left.pop() {
            if seen.insert(at) {
                found.extend(K::of(at));
                left.extend(links.children.get(&at).into_iter().flatten());
            }
        }
        found
    }
}

impl Links {
    fn place(&mut self, child: Resource, parent: Resource) {
        self.unlink(child);
        self.parent.insert(child, parent);
        self.children.entry(parent).or_default().insert(child);
    }

    /// A number that another had before is now this one's.
    fn number(&mut self, resource: Resource, number: u32) {
        self.forget_number(resource);
        let before = match resource {
            Resource::School(school) => self.schools.insert(number, school).map(Resource::School),
            Resource::Board(board) => self.boards.insert(number, board).map(Resource::Board),
            _ => return,
        };
        if let Some(before) = before {
            self.number.remove(&before);
        }
        self.number.insert(resource, number);
    }

    fn forget_number(&mut self, resource: Resource) {
        let Some(number) = self.number.remove(&resource) else { return };
        match resource {
            Resource::School(_) => drop(self.schools.remove(&number)),
            Resource::Board(_) => drop(self.boards.remove(&number)),
            _ => {}
        }
    }

    fn unlink(&mut self, child: Resource) {
        let Some(parent) = self.parent.remove(&child) else { return };
        if let Some(siblings) = self.children.get_mut(&parent) {
            siblings.remove(&child);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id<T: From<Uuid>>(number: u128) -> T {
        Uuid::from_u128(number).into()
    }

    #[test]
    fn a_resource_stands_below_all_that_stand_above_its_parent() {
        let hierarchy = Hierarchy::default();
        let (board, school, site): (BoardId, SchoolId, SiteId) = (id(1), id(2), id(3));
        hierarchy.place(site, school);
        hierarchy.place(school, board);
        assert_eq!(hierarchy.above(site.into()), [school.into(), board.into(), Resource::Platform]);
        assert_eq!(hierarchy.within::<SiteId>(board.into()), [site]);
        assert_eq!(hierarchy.within::<SchoolId>(school.into()), [school], "a place reaches itself");
    }

    #[test]
    fn a_school_that_moves_leaves_its_former_board() {
        let hierarchy = Hierarchy::default();
        let (school, before, after): (SchoolId, BoardId, BoardId) = (id(1), id(2), id(3));
        hierarchy.place(school, before);
        hierarchy.place(school, after);
        assert_eq!(hierarchy.within::<SchoolId>(before.into()), []);
        assert_eq!(hierarchy.above(school.into()), [after.into(), Resource::Platform]);
    }

    #[test]
    fn what_is_removed_is_below_the_platform_alone_with_all_below_it() {
        let hierarchy = Hierarchy::default();
        let (board, school, site): (BoardId, SchoolId, SiteId) = (id(1), id(2), id(3));
        hierarchy.place(school, board);
        hierarchy.place(site, school);
        hierarchy.remove(school);
        assert_eq!(hierarchy.above(site.into()), [Resource::Platform]);
        assert_eq!(hierarchy.within::<SchoolId>(board.into()), []);
    }

    #[test]
    fn a_number_names_one_school_and_one_board_as_long_as_they_have_it() {
        let hierarchy = Hierarchy::default();
        let (board, school, other): (BoardId, SchoolId, SchoolId) = (id(1), id(2), id(3));
        hierarchy.put(school, [(school.into(), board.into())], [(school.into(), 12), (board.into(), 12)]);
        assert_eq!((hierarchy.school_numbered(12), hierarchy.board_numbered(12)), (Some(school), Some(board)));
        hierarchy.put(school, [(school.into(), board.into())], [(school.into(), 13), (board.into(), 14)]);
        assert_eq!((hierarchy.school_numbered(12), hierarchy.board_numbered(12)), (None, None));
        assert_eq!((hierarchy.school_numbered(13), hierarchy.board_numbered(14)), (Some(school), Some(board)));
        hierarchy.put(other, [], [(other.into(), 13)]);
        assert_eq!(hierarchy.school_numbered(13), Some(other), "the latest to have it");
        hierarchy.remove(school);
        assert_eq!(hierarchy.school_numbered(13), Some(other), "which the former no longer takes away");

        let started_over = Hierarchy::default();
        started_over.put(school, [], [(school.into(), 15)]);
        hierarchy.replace(|resource| matches!(resource, Resource::School(_) | Resource::Board(_)), started_over);
        assert_eq!([13, 15].map(|number| hierarchy.school_numbered(number)), [None, Some(school)]);
        assert_eq!(hierarchy.board_numbered(14), None);
    }

    #[test]
    fn a_feeder_that_starts_over_leaves_what_another_one_said() {
        let (board, former, school, gone): (BoardId, BoardId, SchoolId, SchoolId) = (id(1), id(2), id(3), id(4));
        let (vendor, app): (VendorId, AppId) = (id(5), id(6));
        let is_organisation = |resource| matches!(resource, Resource::School(_) | Resource::Site(_));
        let hierarchy = Hierarchy::default();
        hierarchy.place(app, vendor);
        hierarchy.place(school, former);
        hierarchy.place(gone, former);

        let organisations = Hierarchy::default();
        organisations.place(school, board);
        hierarchy.replace(is_organisation, organisations);
        assert_eq!(hierarchy.within::<AppId>(vendor.into()), [app], "the catalogue said so");
        assert_eq!(hierarchy.within::<SchoolId>(board.into()), [school]);
        assert_eq!(hierarchy.within::<SchoolId>(former.into()), []);

        let catalogue = Hierarchy::default();
        catalogue.place(school, former);
        hierarchy.replace(|resource| matches!(resource, Resource::App(_)), catalogue);
        assert_eq!(hierarchy.within::<AppId>(vendor.into()), [], "the catalogue no longer has it");
        assert_eq!(hierarchy.within::<SchoolId>(board.into()), [school], "and says nothing of schools");
    }

    #[test]
    fn a_resource_is_named_by_kind_and_id() {
        let school: SchoolId = id(2);
        assert_eq!(Resource::from(school).to_string(), format!("school:{school}"));
        assert_eq!(Resource::Platform.to_string(), "platform");
    }

    #[test]
    fn each_function_holds_at_its_place_alone() {
        let (board, school): (BoardId, SchoolId) = (id(1), id(1));
        assert_eq!(Function::at(board.into()), [Function::BoardMember(board), Function::Dpo(board)]);
        let staff = [Function::Director(school), Function::IctCoordinator(school), Function::Teacher(school)];
        assert_eq!(Function::at(school.into()), staff, "none of the platform, nor of a board with the same number");
        assert_eq!(Function::at(id::<VendorId>(1).into()), [Function::VendorContact(id(1))]);
        assert_eq!(Function::at(Resource::Platform).len(), 5);
        assert_eq!(Function::at(id::<SiteId>(1).into()), []);
    }

    #[test]
    fn a_circle_ends() {
        let hierarchy = Hierarchy::default();
        let (one, other): (SchoolId, SchoolId) = (id(1), id(2));
        hierarchy.place(one, other);
        hierarchy.place(other, one);
        assert_eq!(hierarchy.above(one.into()), [other.into(), one.into(), Resource::Platform]);
        assert_eq!(hierarchy.within::<SchoolId>(one.into()).len(), 2);
    }
}
