//! Which paths a Rust source names, and where.
//!
//! Reads tokens, not syntax: that is enough to find `sea_orm::Something` anywhere, also inside macros, whose bodies a
//! syntax tree leaves unread, and it needs no parser for the whole language.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A path as written, `["crate", "store", "case"]`, from its root on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPath {
    pub segments: Vec<String>,
    /// From 1.
    pub line: usize,
    /// The name that a `use` brings into scope.
    pub gives: Option<String>,
    /// In a `pub use`.
    pub is_reexport: bool,
}

impl NamedPath {
    pub fn root(&self) -> &str {
        self.segments.first().map_or("", String::as_str)
    }
}

/// What a source names outside its tests.
#[derive(Debug, Default)]
pub struct Source {
    /// Paths of two or more parts, and everything in a `use`, unless they start from a name of this file.
    pub paths: Vec<NamedPath>,
    /// Those that start from a name this file brings into scope itself, by `use`, `mod` or `as`: it hides a crate of the same name.
    pub own_paths: Vec<NamedPath>,
    /// Modules declared here.
    pub modules: BTreeSet<String>,
    /// First words of expressions and types.
    pub mentioned: BTreeSet<String>,
    /// Lines with `async` or `.await`.
    pub async_lines: Vec<usize>,
    /// Every word, tests included: to see which dependencies are used at all.
    pub words: BTreeSet<String>,
}

impl Source {
    /// Reads a source. `None` when it is not Rust: the compiler says so better.
    pub fn read(text: &str) -> Option<Self> {
        let tokens: TokenStream = text.parse().ok()?;
        let mut source = Self::default();
        source.gather_words(&tokens);
        if !is_test_file(&tokens) {
            source.walk(&tokens);
        }
        let given: BTreeSet<String> = source.paths.iter().filter_map(|path| path.gives.clone()).collect();
        let all = std::mem::take(&mut source.paths).into_iter();
        (source.own_paths, source.paths) = all.partition(|path| source.modules.contains(path.root()) || given.contains(path.root()));
        Some(source)
    }

    fn gather_words(&mut self, tokens: &TokenStream) {
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(word) => {
                    self.words.insert(word.to_string());
                }
                TokenTree::Group(group) => self.gather_words(&group.stream()),
                _ => {}
            }
        }
    }

    fn walk(&mut self, tokens: &TokenStream) {
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if let Some(end) = end_of_test_item(&tokens, at) {
                at = end;
                continue;
            }
            at = match &tokens[at] {
                TokenTree::Group(group) => {
                    self.walk(&group.stream());
                    at + 1
                }
                TokenTree::Ident(word) if word == "use" && !is_punct(tokens.get(at + 1), '<') => {
                    let before = tokens.get(..at).unwrap_or_default();
                    self.use_tree(&tokens, at + 1, &[], is_public(before))
                }
                TokenTree::Ident(word) if word == "mod" => {
                    if let Some(TokenTree::Ident(name)) = tokens.get(at + 1) {
                        self.modules.insert(name.to_string());
                    }
                    at + 2
                }
                TokenTree::Ident(word) => {
                    if word == "async" || word == "await" {
                        self.async_lines.push(word.span().start().line);
                    }
                    self.path(&tokens, at)
                }
                _ => at + 1,
            };
        }
    }

    /// Takes the path that starts at `at`, unless it is the tail of another, and returns where it ends.
    fn path(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let is_method = at >= 1 && is_punct(tokens.get(at - 1), '.') && !(at >= 2 && is_punct(tokens.get(at - 2), '.'));
        let follows_path = at >= 2 && is_separator(tokens, at - 2);
        let is_global = follows_path && !(at >= 3 && ends_a_path(tokens, at - 3));
        let mut segments = Vec::new();
        let mut next = at;
        while let Some(TokenTree::Ident(word)) = tokens.get(next) {
            segments.push(word.to_string());
            if !is_separator(tokens, next + 1) {
                next += 1;
                break;
            }
            next += 3;
        }
        let starts_here = !is_method && (!follows_path || is_global);
        if starts_here {
            self.mentioned.extend(segments.first().cloned());
            if segments.len() > 1 {
                self.paths.push(NamedPath { segments, line: tokens[at].span().start().line, gives: None, is_reexport: false });
            }
        }
        next.max(at + 1)
    }

    /// Takes one branch of a `use`, and returns where it ends.
    fn use_tree(&mut self, tokens: &[TokenTree], at: usize, before: &[String], is_reexport: bool) -> usize {
        let mut segments = before.to_vec();
        let mut is_glob = false;
        let mut line = 0;
        let mut alias = None;
        let mut next = at;
        while let Some(token) = tokens.get(next) {
            match token {
                TokenTree::Ident(word) if word == "as" => {
                    alias = tokens.get(next + 1).map(TokenTree::to_string);
                    next += 1;
                }
                TokenTree::Ident(word) => {
                    line = word.span().start().line;
                    segments.push(word.to_string());
                }
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    let branches: Vec<TokenTree> = group.stream().into_iter().collect();
                    let mut branch = 0;
                    while branch < branches.len() {
                        branch = self.use_tree(&branches, branch, &segments, is_reexport);
                    }
                    return next + 1;
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    line = punct.span().start().line;
                    is_glob = true;
                }
                TokenTree::Punct(punct) if matches!(punct.as_char(), ',' | ';') => break,
                _ => {}
            }
            next += 1;
        }
        if line > 0 {
            let named = segments.iter().skip(1).rfind(|segment| *segment != "self").filter(|_| !is_glob);
            let gives = alias.or(named.cloned());
            self.paths.push(NamedPath { segments, line, gives, is_reexport });
        }
        next + 1
    }
}

/// Whether what comes before an item ends in `pub` or `pub(…)`.
fn is_public(before: &[TokenTree]) -> bool {
    let word = match before {
        [.., word, TokenTree::Group(group)] if group.delimiter() == Delimiter::Parenthesis => word,
        [.., word] => word,
        [] => return false,
    };
    matches!(word, TokenTree::Ident(word) if word == "pub")
}

fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

/// Whether the token at `at` belongs to a path that a `::` after it continues.
fn ends_a_path(tokens: &[TokenTree], at: usize) -> bool {
    let is_arrow = at >= 1 && (is_punct(tokens.get(at - 1), '-') || is_punct(tokens.get(at - 1), '='));
    match &tokens[at] {
        TokenTree::Ident(word) => !["as", "in", "return", "use"].iter().any(|keyword| word == keyword),
        TokenTree::Punct(punct) => punct.as_char() == '>' && !is_arrow,
        TokenTree::Group(group) => group.delimiter() == Delimiter::None,
        TokenTree::Literal(_) => false,
    }
}

/// `#[cfg(test)]`, `#[test]` and `#[cfg(all(test, …))]`.
fn is_test_attribute(token: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = token else { return false };
    let text = group.stream().to_string().replace(' ', "");
    group.delimiter() == Delimiter::Bracket && (text == "test" || text.starts_with("cfg(test") || text.starts_with("cfg(all(test"))
}

/// Whether the file opens with `#![cfg(test)]`.
fn is_test_file(tokens: &TokenStream) -> bool {
    let opening: Vec<TokenTree> = tokens.clone().into_iter().take(64).collect();
    opening.windows(3).any(|three| is_punct(three.first(), '#') && is_punct(three.get(1), '!') && is_test_attribute(three.get(2)))
}

/// The end of the item of a test whose attribute begins at `at`.
pub fn end_of_test_item(tokens: &[TokenTree], at: usize) -> Option<usize> {
    (is_punct(tokens.get(at), '#') && is_test_attribute(tokens.get(at + 1))).then(|| end_of_item(tokens, at + 2))
}

/// The end of the item that starts at `at`: after its body or its semicolon.
fn end_of_item(tokens: &[TokenTree], at: usize) -> usize {
    let end = tokens.iter().skip(at).position(|token| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        token => is_punct(Some(token), ';'),
    });
    end.map_or(tokens.len(), |length| at + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(text: &str) -> Vec<String> {
        let source = Source::read(text).unwrap();
        source.paths.iter().map(|path| format!("{}@{}", path.segments.join("::"), path.line)).collect()
    }

    #[test]
    fn branches_of_a_use_are_each_a_path() {
        let text = "use a::{b, c::{self, d as e}, f::*};\nuse ::g;\npub(crate) use h::i;";
        assert_eq!(paths(text), ["a::b@1", "a::c::self@1", "a::c::d@1", "a::f@1", "g@2", "h::i@3"]);
    }

    #[test]
    fn paths_are_found_in_code_attributes_and_macros() {
        let text = "#[derive(serde::Serialize)]\nfn f() { tokio::select! { x = a::b() => {} } }\nfn g() -> ::http::StatusCode { h::<T>() }";
        assert_eq!(paths(text), ["serde::Serialize@1", "tokio::select@2", "a::b@2", "http::StatusCode@3"]);
    }

    #[test]
    fn methods_and_names_of_the_file_are_no_crates() {
        let text = "use crate::store::events;\nmod proto;\nfn f() { x.tokio::<u8>(); events::add(); proto::read(); <T as Y>::tonic::z() }";
        assert_eq!(paths(text), ["crate::store::events@1"]);
    }

    #[test]
    fn tests_comments_and_texts_are_left_out() {
        let text = "// sea_orm::A\n/* sea_orm::B */ const C: &str = r#\"sea_orm::C\"#;\n#[cfg(test)]\nmod tests { use sea_orm::D; }\nfn f() { e::f() }";
        assert_eq!(paths(text), ["e::f@5"]);
        assert_eq!(paths("//! Why.\n#![cfg(test)]\nuse sea_orm::D;"), [""; 0]);
    }

    #[test]
    fn names_that_a_use_gives_are_told() {
        let text = "pub(crate) use a::b; use c::{self, d::{self, e as f}, g::*}; mod h; fn i(b: b) { h::j(f) }";
        let source = Source::read(text).unwrap();
        let told: Vec<_> = source.paths.iter().map(|path| (path.gives.as_deref(), path.is_reexport)).collect();
        assert_eq!(told, [(Some("b"), true), (None, false), (Some("d"), false), (Some("f"), false), (None, false)]);
        assert_eq!(source.own_paths[0].segments, ["h", "j"]);
        assert!(source.mentioned.contains("b") && !source.mentioned.contains("d"));
    }

    #[test]
    fn async_code_is_seen() {
        assert_eq!(Source::read("fn f() {}\nasync fn g() { h().await }").unwrap().async_lines, [2, 2]);
    }
}
