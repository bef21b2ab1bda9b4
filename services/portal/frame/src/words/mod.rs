//! Every word on the pages, Dutch beside English.
//!
//! A text is a method of its page's words, declared once with both languages side by side: leaving a language out does not
//! compile, and outside this crate a text that no page uses is a warning. Texts with a number in them are
//! written by hand below the table, through [`Language::count`]. Words the *services* own (titles, stories) come from
//! content and are not here.
//!
//! Dutch is plain (B1) and says "u"; the English says the same, in full.

mod shell;
mod terms;

pub use self::{shell::ShellWords, terms::Terms};

/// Declares the words of one page, or of several that share them.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $visible:vis $area:ident { $($text:ident $(($($value:ident),+))? { $dutch:literal $english:literal })+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        $visible struct $area($visible $crate::language::Language);

        impl $area {
            $($crate::words!(@text $visible $text $(($($value),+))? $dutch $english);)+
        }
    };
    (@text $visible:vis $text:ident $dutch:literal $english:literal) => {
        $visible const fn $text(self) -> &'static str {
            self.0.pick($dutch, $english)
        }
    };
    (@text $visible:vis $text:ident ($($value:ident),+) $dutch:literal $english:literal) => {
        $visible fn $text(self, $($value: impl std::fmt::Display),+) -> String {
            match self.0 {
                $crate::language::Language::Dutch => format!($dutch),
                $crate::language::Language::English => format!($english),
            }
        }
    };
}
