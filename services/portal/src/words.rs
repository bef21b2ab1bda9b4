//! Every word on the pages, Dutch beside English.
//!
//! A text is a method of its area's words, declared once with both languages on neighbouring lines: leaving a language out
//! does not compile, a text no page uses is a warning, and a translator reads the pair. Texts with a number in them are
//! written by hand below the table, through [`Language::count`]. Words the *services* own (titles, stories) come from
//! content and are not here.
//!
//! Dutch is plain (B1) and says "u"; the English says the same, in full.

mod case;
mod devices;
mod gateways;
mod queue;
mod schools;
mod shell;
mod sign_in;
mod terms;

pub(crate) use self::{
    case::CaseWords, devices::DeviceWords, gateways::GatewayWords, queue::QueueWords, schools::SchoolWords, shell::ShellWords,
    sign_in::SignInWords, terms::Terms,
};

/// Declares the words of one area.
macro_rules! words {
    ($(#[$doc:meta])* $area:ident { $($text:ident $(($($value:ident),+))? { $dutch:literal $english:literal })+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $area(pub(crate) $crate::language::Language);

        impl $area {
            $(words!(@text $text $(($($value),+))? $dutch $english);)+
        }
    };
    (@text $text:ident $dutch:literal $english:literal) => {
        pub(crate) const fn $text(self) -> &'static str {
            self.0.pick($dutch, $english)
        }
    };
    (@text $text:ident ($($value:ident),+) $dutch:literal $english:literal) => {
        pub(crate) fn $text(self, $($value: impl std::fmt::Display),+) -> String {
            match self.0 {
                $crate::language::Language::Dutch => format!($dutch),
                $crate::language::Language::English => format!($english),
            }
        }
    };
}
use words;
