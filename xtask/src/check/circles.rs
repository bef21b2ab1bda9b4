//! Circles of files: file A uses items of file B, and B uses items of A, directly or through others.
//!
//! A file uses the file that defines an item, wherever the path to it leads: re-exports are followed. So a `mod.rs` that only
//! declares and re-exports its children uses nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{finding::Finding, paths::Source};
use crate::tree::Tree;

/// Re-exports of re-exports that are followed; a chain that is longer leads round.
const LONGEST_CHAIN: usize = 8;

/// Refuses circles of files below a crate's `src`, with one finding for each.
pub fn circles(tree: &Tree, findings: &mut Vec<Finding>) {
    for folder in tree.crates() {
        let src = format!("{folder}/src/");
        let uses = Modules::read(tree, &src).uses();
        let mut shown = BTreeSet::new();
        for (&file, used) in &uses {
            let Some(circle) = circle_through(&uses, file).filter(|circle| circle.iter().all(|file| !shown.contains(file))) else {
                continue;
            };
            let line = circle.iter().find_map(|next| used.get(next)).copied().unwrap_or(1);
            let names: Vec<&str> = circle.iter().filter_map(|path| path.strip_prefix(folder)?.strip_prefix("/src/")).collect();
            let message = format!("{} use one another: move what they share into a file of its own", names.join(" → "));
            findings.push(Finding::new("circles", file, line, message));
            shown.extend(circle);
        }
    }
}

/// For each file those it uses, with the line of the first use.
type Uses<'a> = BTreeMap<&'a str, BTreeMap<&'a str, usize>>;

/// The shortest circle through a file, in the order of use.
fn circle_through<'a>(uses: &Uses<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut reached = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        for &next in way.last().and_then(|last| uses.get(last)).into_iter().flat_map(BTreeMap::keys) {
            if next == start {
                return Some(way);
            }
            if reached.insert(next) {
                ways.push_back([way.as_slice(), &[next]].concat());
            }
        }
    }
    None
}

/// The modules of a crate by their path, `["crate", "domain", "case"]`, each with its file.
struct Modules<'a>(BTreeMap<Vec<String>, (&'a str, Source)>);

impl<'a> Modules<'a> {
    fn read(tree: &'a Tree, src: &'a str) -> Self {
        let modules = tree.files(src, ".rs").filter_map(|(path, text)| {
            let below = path.strip_prefix(src)?.strip_suffix(".rs")?;
            if below.ends_with("tests") || below.contains("tests/") {
                return None;
            }
            let names = below.split('/').filter(|name| !["mod", "lib", "main"].contains(name));
            let module = ["crate"].into_iter().chain(names).map(str::to_owned).collect();
            Some((module, (path, Source::read(text)?)))
        });
        Self(modules.collect())
    }

    fn uses(&self) -> Uses<'a> {
        let mut uses = Uses::new();
        for (module, (file, source)) in &self.0 {
            for path in source.paths.iter().chain(&source.own_paths) {
                let is_only_passed_on = path.is_reexport && path.gives.as_ref().is_none_or(|name| !source.mentioned.contains(name));
                let used = self.home(module, &path.segments, 0).filter(|used| used != file && !is_only_passed_on);
                if let Some(used) = used {
                    uses.entry(*file).or_default().entry(used).or_insert(path.line);
                }
            }
        }
        uses
    }

    /// The file that defines what a path leads to. `None` for an item of another crate, and for a module: it is used when its items are.
    fn home(&self, from: &[String], path: &[String], followed: usize) -> Option<&'a str> {
        let (source, whole) = (&self.0.get(from)?.1, self.absolute(from, path));
        let Some(whole) = whole else { return self.home(from, &renamed(source, path, followed)?, followed + 1) };
        let depth = (1..=whole.len()).rev().find(|depth| whole.get(..*depth).is_some_and(|module| self.0.contains_key(module)))?;
        let (module, item) = whole.split_at_checked(depth).filter(|(_, item)| !item.is_empty())?;
        let (file, source) = self.0.get(module)?;
        match renamed(source, item, followed) {
            Some(path) => self.home(module, &path, followed + 1),
            None => Some(file),
        }
    }

    /// The path from `crate` on; `None` when its root is given by a `use`, or is another crate.
    fn absolute(&self, from: &[String], path: &[String]) -> Option<Vec<String>> {
        let ups = path.iter().take_while(|segment| *segment == "super").count();
        match path.first()?.as_str() {
            "crate" => Some(path.to_vec()),
            "self" => Some([from, path.get(1..)?].concat()),
            "super" => Some([from.get(..from.len().checked_sub(ups)?)?, path.get(ups..)?].concat()),
            root if self.0.get(from)?.1.modules.contains(root) => Some([from, path].concat()),
            _ => None,
        }
    }
}

/// A path whose root a `use` of this source gives, as that `use` says it.
fn renamed(source: &Source, path: &[String], followed: usize) -> Option<Vec<String>> {
    let (root, rest) = path.split_first().filter(|_| followed < LONGEST_CHAIN)?;
    let given = source.paths.iter().chain(&source.own_paths).find(|path| path.gives.as_ref() == Some(root))?;
    Some(given.segments.iter().filter(|segment| *segment != "self").chain(rest).cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::super::finding::printed;
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<(String, &str)> = files.iter().map(|(path, text)| (format!("crates/a/src/{path}"), *text)).collect();
        let mut files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), *text)).collect();
        files.push(("crates/a/Cargo.toml", ""));
        printed(circles, &files)
    }

    const LIB: (&str, &str) = ("lib.rs", "mod one; mod other; mod third;");

    #[test]
    fn files_that_use_one_another_are_found() {
        let direct = found(&[LIB, ("one.rs", "struct One;\nuse crate::other::Other;"), ("other.rs", "struct Other(super::one::One);")]);
        let message = "one.rs → other.rs use one another: move what they share into a file of its own";
        assert_eq!(direct, [format!("crates/a/src/one.rs:2: circles: {message}")]);
        let through_a_third = found(&[
            LIB,
            ("one.rs", "use crate::other::f;"),
            ("other.rs", "fn f() { crate::third::g() }"),
            ("third.rs", "use crate::one;\nfn g() { one::h() }"),
        ]);
        assert!(through_a_third[0].contains("one.rs → other.rs → third.rs use one another"), "{through_a_third:?}");
        assert_eq!(through_a_third.len(), 1);
    }

    #[test]
    fn a_parent_that_uses_its_child_is_not_used_by_it() {
        let child = ("one/child.rs", "use super::Shared; pub struct Child;");
        for use_of_child in ["use child::Child;", "fn f() { child::g() }", "pub use child::Child; fn f(child: Child) {}"] {
            let parent = format!("mod child; {use_of_child} struct Shared;");
            assert_eq!(found(&[LIB, ("one/mod.rs", &parent), child]).len(), 1, "{parent}");
            assert_eq!(found(&[LIB, ("one.rs", &parent), child]).len(), 1, "{parent}");
        }
    }

    #[test]
    fn declaring_and_passing_on_are_no_use() {
        let child = ("one/child.rs", "use super::{Shared, sibling}; use crate::one::Sibling; fn f() { sibling::g() } pub struct Child;");
        let sibling = ("one/sibling.rs", "use crate::Other;");
        let parent =
            ("one/mod.rs", "mod child; mod sibling; pub use child::Child; pub(crate) use sibling::Sibling as Sibling; pub struct Shared;");
        let lib = ("lib.rs", "mod one; mod other; pub use other::Other;");
        assert_eq!(found(&[lib, parent, child, sibling, ("other.rs", "pub struct Other;")]), [""; 0]);
    }

    #[test]
    fn a_name_that_is_passed_on_counts_for_the_file_that_defines_it() {
        let lib = ("lib.rs", "mod one; mod other; pub use one::One as First;");
        assert_eq!(found(&[lib, ("one.rs", "use crate::other::f; struct One;"), ("other.rs", "use crate::First; fn f() {}")]).len(), 1);
        // Each passes on the other's, so neither defines it.
        assert_eq!(found(&[lib, ("one.rs", "pub use crate::other::One;"), ("other.rs", "pub use crate::one::One;")]), [""; 0]);
    }

    #[test]
    fn tests_other_crates_and_the_file_itself_are_left_out() {
        let one = ("one.rs", "use other::X; fn f() { self::g() } #[cfg(test)] mod tests { use crate::other::f; }");
        let other = ("other.rs", "use crate::one::f; use tokio::one;");
        assert_eq!(found(&[("lib.rs", ""), one, other, ("one/tests.rs", "use crate::other::f;")]), [""; 0]);
    }
}
