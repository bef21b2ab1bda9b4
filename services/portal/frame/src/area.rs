//! A part of the portal with a crate of its own, and what it offers the pages of all others.

use futures::future::BoxFuture;
use runtime::SchoolId;

use crate::{language::Language, mark::Icon, routes::Routes, upstream::Calls, visitor::Visitor, words::ShellWords};

/// An area.
#[derive(Clone, Copy)]
pub struct Area {
    /// Its addresses.
    pub routes: fn() -> Routes,
    /// Its entries in the menu of a visitor.
    pub menu: fn(&Onlooker<'_>) -> Vec<MenuEntry>,
    /// The figures beside entries of its menu. Those that cannot be fetched are left out.
    pub figures: Option<fn(Visitor, Calls) -> Figures>,
    /// Its search field for the top bar. The first area that has one for a visitor wins.
    pub search: fn(&Onlooker<'_>) -> Option<Search>,
    /// What it says after an act.
    pub messages: &'static [Message],
}

/// The address of a menu entry and the number beside it.
pub type Figure = (String, i64);

/// Figures that a service is asked for.
pub type Figures = BoxFuture<'static, Vec<Figure>>;

/// Who looks at a page.
pub struct Onlooker<'a> {
    pub visitor: &'a Visitor,
    /// The school of this page, where it is the visitor's own.
    pub own_school: Option<SchoolId>,
    pub language: Language,
}

impl Onlooker<'_> {
    pub const fn words(&self) -> ShellWords {
        ShellWords(self.language)
    }
}

/// An entry of the menu. It is the current one when it has the longest address that the page's place begins with.
pub struct MenuEntry {
    pub place: MenuPlace,
    pub href: String,
    pub icon: Icon,
    pub label: &'static str,
}

/// The group of an entry, and its position in that group. The first entry of all is the visitor's start page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MenuPlace {
    /// The work itself, without a title.
    Work(u8),
    /// The schools and their networks, for the response team.
    Network(u8),
    /// The same, for the platform team.
    Platform(u8),
    /// For who works for vendors.
    YourVendor(u8),
    /// For who has several schools.
    YourSchools(u8),
    /// The school of this page, where it is the visitor's own.
    YourSchool(u8),
}

/// The search field in the top bar.
pub struct Search {
    pub action: String,
    pub label: &'static str,
    /// A field that goes along: search all phases.
    pub hidden: Option<(&'static str, &'static str)>,
}

/// What was just done; said once, on the page that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// As in the cookie.
    pub code: &'static str,
    /// In Dutch and in English.
    pub texts: [&'static str; 2],
}

/// Declares the messages of an area, each with its code in the cookie and both texts, and `ALL` of them.
#[macro_export]
macro_rules! messages {
    ($($name:ident $code:literal { $dutch:literal $english:literal })+) => {
        $(pub(crate) const $name: $crate::Message = $crate::Message { code: $code, texts: [$dutch, $english] };)+

        pub(crate) const ALL: &[$crate::Message] = &[$($name),+];
    };
}
