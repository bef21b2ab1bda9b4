//! The address of a school's devices: `/scholen/<id>/toestellen?weergave=nieuw&zoek=ipad`.

use portal_frame::list::{AddressBuilder, Trail, search_text};
use proto::network_monitor::v1 as wire;
use runtime::SchoolId;

/// What a visitor wants to see of a school's devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DeviceQuery {
    pub(crate) school: SchoolId,
    pub(crate) view: DeviceView,
    pub(crate) search: String,
    pub(crate) order: DeviceOrder,
    pub(crate) trail: Trail,
}

/// A tab.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DeviceView {
    #[default]
    All,
    New,
    Warned,
    Quiet,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum DeviceOrder {
    #[default]
    LastSeen,
    FirstSeen,
    Name,
    Use,
}

impl DeviceView {
    pub(crate) const ALL: [Self; 4] = [Self::All, Self::Warned, Self::New, Self::Quiet];

    const fn code(self) -> &'static str {
        match self {
            Self::All => "alle",
            Self::New => "nieuw",
            Self::Warned => "waarschuwing",
            Self::Quiet => "stil",
        }
    }

    const fn wire(self) -> wire::DeviceFilter {
        match self {
            Self::All => wire::DeviceFilter::Unspecified,
            Self::New => wire::DeviceFilter::New,
            Self::Warned => wire::DeviceFilter::WithAlerts,
            Self::Quiet => wire::DeviceFilter::Quiet,
        }
    }
}

impl DeviceOrder {
    pub(crate) const ALL: [Self; 4] = [Self::LastSeen, Self::FirstSeen, Self::Name, Self::Use];

    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::LastSeen => "gezien",
            Self::FirstSeen => "nieuwste",
            Self::Name => "naam",
            Self::Use => "gebruik",
        }
    }

    const fn wire(self) -> wire::DeviceOrder {
        match self {
            Self::LastSeen => wire::DeviceOrder::LastSeenDesc,
            Self::FirstSeen => wire::DeviceOrder::FirstSeenDesc,
            Self::Name => wire::DeviceOrder::Name,
            Self::Use => wire::DeviceOrder::UseDesc,
        }
    }
}

impl DeviceQuery {
    /// All devices of a school, last seen first.
    pub(crate) fn of(school: SchoolId) -> Self {
        Self { school, view: DeviceView::All, search: String::new(), order: DeviceOrder::LastSeen, trail: Trail::default() }
    }

    /// Reads the part of an address after the question mark.
    pub(crate) fn parse(school: SchoolId, query: &str) -> Self {
        let mut read = Self::of(school);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "weergave" => read.view = DeviceView::ALL.into_iter().find(|view| view.code() == value).unwrap_or_default(),
                "zoek" => read.search = search_text(&value),
                "sorteer" => read.order = DeviceOrder::ALL.into_iter().find(|order| order.code() == value).unwrap_or_default(),
                "na" => read.trail.read(&value),
                "na-eerder" => read.trail.read_forgotten(&value),
                _ => {}
            }
        }
        read
    }

    pub(crate) fn href(&self) -> String {
        self.address(&self.path())
    }

    pub(crate) fn export_href(&self, format: &str) -> String {
        self.first_page().address(&format!("{}/export.{format}", self.path()))
    }

    /// The address without its question.
    pub(crate) fn path(&self) -> String {
        format!("/scholen/{}/toestellen", self.school)
    }

    /// The page of one device.
    pub(crate) fn device_href(&self, device_id: &str) -> String {
        format!("{}/{device_id}", self.path())
    }

    fn address(&self, path: &str) -> String {
        let not_default = |text: &'static str, is_default: bool| if is_default { "" } else { text };
        let address = AddressBuilder::new(path)
            .add("weergave", not_default(self.view.code(), self.view == DeviceView::default()))
            .add("zoek", &self.search)
            .add("sorteer", not_default(self.order.code(), self.order == DeviceOrder::default()));
        self.trail.write("na", address).build()
    }

    /// The code of the view for a hidden field; empty for the default.
    pub(crate) fn view_code(&self) -> &'static str {
        if self.view == DeviceView::default() { "" } else { self.view.code() }
    }

    pub(crate) fn in_view(&self, view: DeviceView) -> Self {
        Self { view, ..self.first_page() }
    }

    pub(crate) fn ordered_by(&self, order: DeviceOrder) -> Self {
        Self { order, ..self.first_page() }
    }

    pub(crate) fn without_search(&self) -> Self {
        Self { search: String::new(), ..self.first_page() }
    }

    pub(crate) fn first_page(&self) -> Self {
        Self { trail: Trail::default(), ..self.clone() }
    }

    /// The address of another page.
    pub(crate) fn at(&self, trail: Trail) -> String {
        Self { trail, ..self.clone() }.href()
    }

    /// `ascending` or `descending` for the column this list is sorted by.
    pub(crate) fn aria_sort(&self, order: DeviceOrder) -> Option<&'static str> {
        (self.order == order).then(|| if order == DeviceOrder::Name { "ascending" } else { "descending" })
    }

    /// The question to the service.
    pub(crate) fn request(&self, page_size: i32) -> wire::ListDevicesRequest {
        wire::ListDevicesRequest {
            school_id: self.school.to_string(),
            page_size,
            page_token: self.trail.token().to_owned(),
            query: self.search.clone(),
            filter: self.view.wire().into(),
            order_by: self.order.wire().into(),
            for_export: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_exactly_what_was_asked() {
        let school = SchoolId::from(uuid::Uuid::nil());
        for view in DeviceView::ALL {
            for order in DeviceOrder::ALL {
                let query = DeviceQuery {
                    view,
                    order,
                    search: "é & co".to_owned(),
                    trail: Trail::default().forward("x"),
                    ..DeviceQuery::of(school)
                };
                let address = query.href();
                assert_eq!(DeviceQuery::parse(school, address.split_once('?').unwrap().1), query);
            }
        }
        assert_eq!(DeviceQuery::of(school).href(), format!("/scholen/{school}/toestellen"));
    }
}
