//! The icons of `assets/icons.svg`, by name: a page cannot ask for one that is not drawn.

use std::fmt;

use askama::filters::HtmlSafe;

use crate::assets::ICONS_SVG;

macro_rules! icons {
    ($($name:ident $id:literal)+) => {
        /// An icon of the design.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Icon {
            $($name,)+
        }

        impl Icon {
            const ALL: &[Self] = &[$(Self::$name,)+];

            const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)+
                }
            }
        }
    };
}

icons! {
    Alert "alert"
    Arrow "arrow"
    Board "board"
    Building "building"
    Calendar "calendar"
    Camera "camera"
    Check "check"
    Clock "clock"
    Cross "cross"
    Desktop "desktop"
    Down "down"
    Download "download"
    Edit "edit"
    Filter "filter"
    Handover "handover"
    Inbox "inbox"
    Info "info"
    Key "key"
    Laptop "laptop"
    Left "left"
    Link "link"
    Lock "lock"
    Menu "menu"
    Mobile "mobile"
    Network "network"
    NoneNeeded "none"
    Note "note"
    Partly "partly"
    Phone "phone"
    Plus "plus"
    Printer "printer"
    Question "question"
    Queue "queue"
    Router "router"
    School "school"
    Search "search"
    Server "server"
    Settings "settings"
    Severity1 "sev-1"
    Severity2 "sev-2"
    Severity3 "sev-3"
    Severity4 "sev-4"
    Stop "stop"
    Tablet "tablet"
    Up "up"
    User "user"
    Users "users"
}

impl Icon {
    /// The icon of this name, as content writes it.
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|icon| icon.id() == id)
    }

    /// As large as the text beside it.
    pub const fn plain(self) -> IconMark {
        IconMark { icon: self, large: false, tone: None }
    }

    /// Twice that.
    pub const fn large(self) -> IconMark {
        IconMark { icon: self, large: true, tone: None }
    }

    /// In a tone of the design: `ok`, `warn`, `bad`, `info`, `wait`.
    pub const fn toned(self, tone: &'static str) -> IconMark {
        IconMark { icon: self, large: false, tone: Some(tone) }
    }
}

/// An icon on a page. It is hidden from screen readers: the text beside it says the same.
#[derive(Clone, Copy, Debug)]
pub struct IconMark {
    icon: Icon,
    large: bool,
    tone: Option<&'static str>,
}

impl fmt::Display for IconMark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = if self.large { "icon large" } else { "icon" };
        write!(formatter, r#"<svg class="{class}" aria-hidden="true""#)?;
        if let Some(tone) = self.tone {
            write!(formatter, r#" data-tone="{tone}""#)?;
        }
        write!(formatter, r#"><use href="{ICONS_SVG}#{}"/></svg>"#, self.icon.id())
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plain().fmt(formatter)
    }
}

impl HtmlSafe for IconMark {}
impl HtmlSafe for Icon {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_is_drawn() {
        let drawings = include_str!("../../assets/icons.svg");
        for icon in Icon::ALL {
            assert!(drawings.contains(&format!("<symbol id=\"{}\"", icon.id())), "{icon:?}");
        }
    }
}
