//! Pages of a list by the services' page tokens: the tokens of all pages up to this one travel in the address, so that
//! "previous" works without remembering anything.

use super::AddressBuilder;

/// How many pages back an address remembers; past that, "first" is the way back.
const MAX_TRAIL: usize = 100;

/// The tokens that led to this page; none on the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trail(Vec<String>);

/// What part of a list a page shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) from: i64,
    pub(crate) until: i64,
    pub(crate) total: i64,
}

impl Trail {
    /// The token to ask the service with; empty for the first page.
    pub(crate) fn token(&self) -> &str {
        self.0.last().map(String::as_str).unwrap_or_default()
    }

    /// The page, from 1.
    pub(crate) fn page(&self) -> usize {
        self.0.len() + 1
    }

    pub(crate) fn is_first(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn forward(&self, next_token: &str) -> Self {
        let mut tokens = self.0.clone();
        tokens.push(next_token.to_owned());
        Self(tokens)
    }

    pub(crate) fn back(&self) -> Self {
        let mut tokens = self.0.clone();
        tokens.pop();
        Self(tokens)
    }

    /// Which rows these are: `shown` of `total`, on pages of `page_size`.
    pub(crate) fn range(&self, page_size: i32, shown: usize, total: i64) -> Range {
        let before = i64::try_from(self.0.len()).unwrap_or_default() * i64::from(page_size);
        let shown = i64::try_from(shown).unwrap_or_default();
        Range { from: before + 1, until: before + shown, total: total.max(before + shown) }
    }

    pub(super) fn read(&mut self, token: &str) {
        if !token.is_empty() && self.0.len() < MAX_TRAIL {
            self.0.push(token.to_owned());
        }
    }

    pub(super) fn write(&self, name: &str, address: AddressBuilder) -> AddressBuilder {
        self.0.iter().fold(address, |address, token| address.add(name, token))
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
