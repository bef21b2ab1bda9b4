//! Pages of a list by the services' page tokens: the tokens of the pages up to this one travel in the address, so that
//! "previous" works without remembering anything. Only of the last few: an address must stay short enough for every proxy on
//! its way. Further back leads "first".

use std::collections::VecDeque;

use super::address::AddressBuilder;

/// How many pages back an address remembers: with tokens of about a hundred bytes, two thousand bytes.
const MAX_TRAIL: usize = 20;
/// No list has more pages; an address that says so was made up.
const MAX_PAGE: usize = 1_000_000;

/// The tokens that led to this page; none on the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    tokens: VecDeque<String>,
    /// How many more there were before those.
    forgotten: usize,
}

/// What part of a list a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub from: i64,
    pub until: i64,
    pub total: i64,
}

impl Trail {
    /// The token to ask the service with; empty for the first page.
    pub fn token(&self) -> &str {
        self.tokens.back().map(String::as_str).unwrap_or_default()
    }

    /// The page, from 1.
    pub fn page(&self) -> usize {
        if self.is_first() { 1 } else { self.forgotten + self.tokens.len() + 1 }
    }

    pub fn is_first(&self) -> bool {
        self.tokens.is_empty()
    }

    pub fn forward(&self, next_token: &str) -> Self {
        let mut further = self.clone();
        further.read(next_token);
        further
    }

    /// The page before; the first when that one is forgotten.
    pub fn back(&self) -> Self {
        let mut before = self.clone();
        before.tokens.pop_back();
        if before.tokens.is_empty() { Self::default() } else { before }
    }

    /// Which rows these are: `shown` of `total`, on pages of `page_size`.
    pub fn range(&self, page_size: i32, shown: usize, total: i64) -> Range {
        let before = i64::try_from(self.page() - 1).unwrap_or_default() * i64::from(page_size);
        let shown = i64::try_from(shown).unwrap_or_default();
        Range { from: before + 1, until: before + shown, total: total.max(before + shown) }
    }

    /// Takes a token of an address; the oldest makes room.
    pub fn read(&mut self, token: &str) {
        if token.is_empty() {
            return;
        }
        self.tokens.push_back(token.to_owned());
        if self.tokens.len() > MAX_TRAIL {
            self.tokens.pop_front();
            self.forgotten = (self.forgotten + 1).min(MAX_PAGE);
        }
    }

    /// Takes what an address says about the pages that it no longer remembers.
    pub fn read_forgotten(&mut self, count: &str) {
        self.forgotten = count.parse().unwrap_or(0).min(MAX_PAGE);
    }

    pub fn write(&self, name: &str, address: AddressBuilder) -> AddressBuilder {
        let forgotten = if self.forgotten == 0 || self.is_first() { String::new() } else { self.forgotten.to_string() };
        let address = address.add(&format!("{name}-eerder"), &forgotten);
        self.tokens.iter().fold(address, |address, token| address.add(name, token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forward_and_back_is_where_one_was() {
        let second = Trail::default().forward("abc");
        assert_eq!((second.token(), second.page()), ("abc", 2));
        assert_eq!(second.forward("def").back(), second);
        assert_eq!(Trail::default().back(), Trail::default());
    }

    #[test]
    fn after_many_pages_one_goes_on_from_where_one_is_and_the_address_stays_short() {
        let token = |page: usize| format!("{page:0>90}");
        let mut trail = Trail::default();
        for page in 2..=300 {
            trail = trail.forward(&token(page));
            assert_eq!((trail.page(), trail.token()), (page, token(page).as_str()));
            assert_eq!(trail.range(50, 50, 20_000).from, i64::try_from(page).unwrap() * 50 - 49);
        }
        let address = trail.write("na", AddressBuilder::new("/wachtrij")).build();
        assert!(address.len() < 2_200, "{}", address.len());
        assert_eq!((trail.back().page(), trail.back().token()), (299, token(299).as_str()));
        let far_back = (0..19).fold(trail, |trail, _| trail.back());
        assert_eq!((far_back.page(), far_back.back()), (281, Trail::default()), "further back is the first page");
    }

    #[test]
    fn the_last_page_is_shorter() {
        let third = Trail::default().forward("a").forward("b");
        assert_eq!(third.range(50, 12, 112), Range { from: 101, until: 112, total: 112 });
    }

    #[test]
    fn a_list_that_shrank_never_shows_more_rows_than_it_has() {
        let second = Trail::default().forward("a");
        assert_eq!(second.range(50, 3, 40).total, 53);
    }
}
