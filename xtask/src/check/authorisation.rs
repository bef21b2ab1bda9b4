//! Authorisation cannot be forgotten: a use case that works on the database asks the caller's context first.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::{finding::Finding, paths::end_of_test_item};
use crate::tree::Tree;

/// Use cases that ask nothing, each with its reason.
const ASK_NOTHING: &[(&str, &str, &str)] = &[(
    "services/incident-intake/src/app/record_alert.rs",
    "tell_outcomes",
    "counts what a committed transaction did; it reads and writes no row",
)];

/// A function of `app/`.
struct Function {
    name: String,
    /// From 1.
    line: usize,
    is_public: bool,
    /// Words of its parameters.
    takes: Vec<String>,
    /// Whether its body says `cx.require` or `cx.scope`.
    asks: bool,
    /// Functions it calls by their bare name.
    calls: BTreeSet<String>,
}

/// A public function of `app/` that takes the `App` or a transaction also takes the caller's context, and asks it, itself or through
/// another function of `app/`.
pub fn use_cases_ask(tree: &Tree, findings: &mut Vec<Finding>) {
    for service in tree.crates().filter(|folder| folder.starts_with("services/")) {
        let app = format!("{service}/src/app/");
        let files = functions_of(tree, &app);
        for (path, functions) in &files {
            for function in functions.iter().filter(|function| function.is_public) {
                let works_on_data = ["App", "Txn"].iter().any(|kind| function.takes_a(kind));
                let is_excepted = ASK_NOTHING.iter().any(|(file, name, _reason)| file == path && *name == function.name);
                if !works_on_data || is_excepted {
                    continue;
                }
                let name = &function.name;
                if !function.takes_a("Context") {
                    let message =
                        format!("{name} takes no Context: give it the caller's, and ask cx.require or cx.scope before anything is read");
                    findings.push(Finding::new("authorisation", path, function.line, message));
                } else if !asks(&files, path, function, &mut BTreeSet::new()) {
                    let message = format!("{name} asks neither cx.require nor cx.scope, and calls no function of app/ that does");
                    findings.push(Finding::new("authorisation", path, function.line, message));
                }
            }
        }
        for (file, name, _reason) in ASK_NOTHING.iter().filter(|(file, ..)| file.starts_with(&format!("{service}/"))) {
            if !files.get(*file).is_some_and(|functions| functions.iter().any(|function| function.name == *name)) {
                findings.push(Finding::new("authorisation", file, 1, format!("{name} is excepted and is not there: remove the exception")));
            }
        }
    }
}

impl Function {
    fn takes_a(&self, kind: &str) -> bool {
        self.takes.iter().any(|word| word == kind)
    }
}

/// By path.
type Files<'a> = BTreeMap<&'a str, Vec<Function>>;

/// Whether a function asks. A name is looked up in its own file, then among the public functions of the others.
fn asks<'f>(files: &'f Files<'_>, path: &'f str, function: &'f Function, seen: &mut BTreeSet<(&'f str, &'f str)>) -> bool {
    if function.asks {
        return true;
    }
    if !seen.insert((path, &function.name)) {
        return false;
    }
    function.calls.iter().any(|name| {
        let here = files.get(path).into_iter().flatten().filter(|other| other.name == *name).map(|other| (path, other));
        let mut called: Vec<(&str, &Function)> = here.collect();
        if called.is_empty() {
            let elsewhere = files.iter().flat_map(|(path, functions)| functions.iter().map(move |other| (*path, other)));
            called = elsewhere.filter(|(_, other)| other.is_public && other.name == *name).collect();
        }
        called.into_iter().any(|(path, other)| asks(files, path, other, seen))
    })
}

fn functions_of<'a>(tree: &'a Tree, app: &'a str) -> Files<'a> {
    let sources = tree.files(app, ".rs").filter(|(path, _)| !path.ends_with("tests.rs"));
    let functions = sources.filter_map(|(path, text)| {
        let mut functions = Vec::new();
        gather(text.parse().ok()?, &mut functions);
        Some((path, functions))
    });
    functions.collect()
}

/// The functions of a file, also those of its `impl` blocks and modules; not those of its tests.
fn gather(tokens: TokenStream, functions: &mut Vec<Function>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if let Some(end) = end_of_test_item(&tokens, at) {
            at = end;
            continue;
        }
        match token {
            TokenTree::Ident(word) if word == "fn" => at = function(&tokens, at, functions),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                gather(group.stream(), functions);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

/// Reads the function whose `fn` is at `at`, and returns where it ends.
fn function(tokens: &[TokenTree], at: usize, functions: &mut Vec<Function>) -> usize {
    let is_brace = |token: &TokenTree| matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
    let is_end = |token: &TokenTree| is_brace(token) || matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let end = tokens.iter().skip(at).position(is_end).map_or(tokens.len(), |length| at + length);
    let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else { return at + 1 };
    let head = tokens.get(at + 2..end).unwrap_or_default();
    let parameters = head.iter().find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.stream()),
        _ => None,
    });
    let mut read = Function {
        name: name.to_string(),
        line: name.span().start().line,
        is_public: is_public(tokens.get(..at).unwrap_or_default()),
        takes: words(parameters.unwrap_or_default()),
        asks: false,
        calls: BTreeSet::new(),
    };
    if let Some(TokenTree::Group(body)) = tokens.get(end) {
        read_body(body.stream(), &mut read);
    }
    functions.push(read);
    end + 1
}

/// Whether an item is `pub` without a restriction; `async`, `const` and the like may stand between.
fn is_public(before: &[TokenTree]) -> bool {
    let word = before.iter().rev().find(|token| !matches!(token, TokenTree::Ident(word) if word == "async" || word == "const"));
    matches!(word, Some(TokenTree::Ident(word)) if word == "pub")
}

fn words(tokens: TokenStream) -> Vec<String> {
    let of_token = |token| match token {
        TokenTree::Ident(word) => vec![word.to_string()],
        TokenTree::Group(group) => words(group.stream()),
        _ => Vec::new(),
    };
    tokens.into_iter().flat_map(of_token).collect()
}

fn read_body(tokens: TokenStream, function: &mut Function) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is_punct =
        |at: Option<usize>, mark| matches!(at.and_then(|at| tokens.get(at)), Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => read_body(group.stream(), function),
            TokenTree::Ident(word) => {
                let before = at.checked_sub(1);
                let is_of_cx = matches!(at.checked_sub(2).and_then(|at| tokens.get(at)), Some(TokenTree::Ident(owner)) if owner == "cx");
                let is_method = is_punct(before, '.');
                if is_method && is_of_cx && (word == "require" || word == "scope") {
                    function.asks = true;
                }
                let is_called = matches!(tokens.get(at + 1), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
                if is_called && !is_method && !is_punct(before, ':') {
                    function.calls.insert(word.to_string());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::printed;
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(String, &str)> = files.iter().map(|(path, text)| (format!("services/a/src/app/{path}"), *text)).collect();
        let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        files.push(("services/a/Cargo.toml", ""));
        printed(use_cases_ask, &files)
    }

    #[test]
    fn a_use_case_without_a_context_is_found() {
        for taken in ["app: &App", "txn: &Txn, school: &School", "app: &super::App"] {
            let text = format!("\npub async fn describe({taken}) -> Result<()> {{ save().await }}");
            let found = found(&[("school.rs", &text)]);
            assert_eq!(found.len(), 1, "{taken}");
            assert!(found[0].starts_with("services/a/src/app/school.rs:2: authorisation: describe takes no Context"), "{}", found[0]);
        }
    }

    #[test]
    fn a_use_case_that_asks_nothing_is_found() {
        for body in
            ["load(app).await", "etag.require(&case.etag())?", "store::case::scope(app)", "if cx.principal().is_person() { load(app) }"]
        {
            let text = format!("pub fn get(app: &App, cx: &Context) {{ {body} }}\nfn load(app: &App) {{}}");
            let found = found(&[("case.rs", &text)]);
            assert_eq!(found.len(), 1, "{body}");
            assert!(found[0].contains("get asks neither cx.require nor cx.scope"), "{}", found[0]);
        }
    }

    #[test]
    fn a_use_case_that_asks_itself_or_through_another_is_fine() {
        let itself = "impl Import { pub fn begin<'a>(app: &'a App, cx: Context) -> Self { cx.require(Action::Import, P)?; } }";
        let deep = "pub async fn get(app: &App, cx: &Context) { for x in y { let scope = cx.scope(Action::Read)?; } }";
        let through = "pub async fn first(app: &App, cx: &Context) { get(app, cx).await } pub fn last(app: &App, cx: &Context) { inner(cx) } \
            fn inner(cx: &Context) { first(cx) }";
        assert_eq!(found(&[("import.rs", itself), ("case.rs", deep), ("more.rs", through)]), [""; 0]);
    }

    #[test]
    fn a_function_of_another_file_that_is_not_its_own_does_not_ask_for_it() {
        let one = "pub fn get(app: &App, cx: &Context) { load(app, cx) } fn load(app: &App, cx: &Context) {}";
        let other = "pub fn load(app: &App, cx: &Context) { cx.require(Action::Read, P)?; }";
        assert_eq!(found(&[("one.rs", one), ("other.rs", other)]).len(), 1);
        let round = "pub fn get(app: &App, cx: &Context) { again(app, cx) } fn again(app: &App, cx: &Context) { get(app, cx) }";
        assert_eq!(found(&[("one.rs", round)]).len(), 1, "a circle ends");
    }

    #[test]
    fn tests_private_functions_and_other_places_are_left_out() {
        let text = "fn load(app: &App) {} pub(super) fn record(txn: &Txn) {} pub fn count(text: &str) {} \
            #[cfg(test)] mod tests { pub fn f(app: &App) {} }";
        assert_eq!(found(&[("case.rs", text)]), [""; 0]);
        assert_eq!(
            printed(use_cases_ask, &[("services/a/Cargo.toml", ""), ("services/a/src/store/x.rs", "pub fn f(txn: &Txn) {}")]),
            [""; 0]
        );
    }

    #[test]
    fn an_exception_that_is_no_longer_there_is_found() {
        let (file, ..) = ASK_NOTHING[0];
        let found = printed(use_cases_ask, &[("services/incident-intake/Cargo.toml", ""), (file, "pub fn other(txn: &str) {}")]);
        assert!(found[0].contains("tell_outcomes is excepted and is not there"), "{found:?}");
    }
}
