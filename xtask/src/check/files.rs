//! Files: small, well named, and a page per service.

use super::finding::Finding;
use crate::tree::Tree;

const LONGEST: usize = 500;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "misc", "manager"];

/// A Rust file of more than 500 lines has a seam to be found.
pub fn length(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, text) in tree.files("", ".rs") {
        let lines = text.lines().count();
        if lines > LONGEST {
            findings.push(Finding::new(
                "length",
                path,
                LONGEST + 1,
                format!("{lines} lines, more than {LONGEST}: find the seam and cut there"),
            ));
        }
    }
}

/// A file or folder is named after what it holds.
pub fn names(tree: &Tree, findings: &mut Vec<Finding>) {
    for (path, _) in tree.files("", ".rs") {
        for name in path.split(['/', '.']).filter(|name| EMPTY_NAMES.contains(name)) {
            findings.push(Finding::new("names", path, 1, format!("\"{name}\" says nothing: name it after what it holds")));
        }
    }
}

/// Every service has a page: RPCs, topics, tables, config, alerts.
pub fn readmes(tree: &Tree, findings: &mut Vec<Finding>) {
    for service in tree.crates().filter(|folder| folder.starts_with("services/") && folder.matches('/').count() == 1) {
        let path = format!("{service}/README.md");
        if tree.text(&path).is_none_or(|text| text.trim().is_empty()) {
            findings.push(Finding::new("readme", &path, 1, "missing: write one page with its RPCs, topics, tables, config and alerts"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::printed;
    use super::*;

    #[test]
    fn long_file_is_found() {
        let (at_most, too_long) = ("\n".repeat(500), "\n".repeat(501));
        assert_eq!(printed(length, &[("a.rs", &at_most)]), [""; 0]);
        assert_eq!(printed(length, &[("a.rs", &too_long)]), ["a.rs:501: length: 501 lines, more than 500: find the seam and cut there"]);
    }

    #[test]
    fn name_that_says_nothing_is_found() {
        let found = printed(names, &[("a/src/utils.rs", ""), ("a/src/common/x.rs", ""), ("a/src/commonplace.rs", "")]);
        assert_eq!(found.len(), 2);
        assert!(found[1].starts_with("a/src/utils.rs:1: names: \"utils\" says nothing"));
    }

    #[test]
    fn service_without_a_page_is_found() {
        let found = printed(
            readmes,
            &[("services/a/Cargo.toml", ""), ("services/b/Cargo.toml", ""), ("services/b/README.md", "# b"), ("crates/c/Cargo.toml", "")],
        );
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("services/a/README.md:1: readme: missing"));
    }
}
