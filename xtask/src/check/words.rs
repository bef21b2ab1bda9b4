//! Words that we avoid in code and documents: those of the table in `docs/style.md` that have one meaning only.

use super::finding::Finding;
use crate::tree::Tree;

/// Each with what to write instead.
const AVOIDED: &[(&str, &str)] = &[
    ("anew", "again"),
    ("whoever", "anyone who, the caller, the operator"),
    ("is away", "is unavailable"),
    ("are away", "are unavailable"),
    ("was away", "was unavailable"),
    ("be taken in", "be processed, be accepted"),
    ("not taken in", "not processed, not accepted"),
    ("ahead of a rate", "GCRA rate limiter; costs are in seconds of quota"),
    ("is taken for nobody", "is treated as anonymous"),
];

/// The list itself, and the page that explains it.
const EXPLAINS: &[&str] = &["docs/style.md", "xtask/src/check/words.rs"];

/// What we write in code and documents is what the next engineer would search for.
pub fn avoided(tree: &Tree, findings: &mut Vec<Finding>) {
    let sources = tree.files("", ".rs").chain(tree.files("", ".md")).filter(|(path, _)| !EXPLAINS.contains(path));
    for (path, text) in sources {
        for (number, line) in text.lines().enumerate() {
            let line = line.to_lowercase();
            for (word, instead) in AVOIDED.iter().filter(|(word, _)| has_word(&line, word)) {
                findings.push(Finding::new("words", path, number + 1, format!("\"{word}\": write {instead} (docs/style.md)")));
            }
        }
    }
}

/// Whether a line has these words, and not as a part of others or of a name in code.
fn has_word(line: &str, word: &str) -> bool {
    let goes_on = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (line.get(..at).unwrap_or_default(), line.get(at + word.len()..).unwrap_or_default());
        !before.ends_with(goes_on) && !after.starts_with(goes_on)
    })
}

#[cfg(test)]
mod tests {
    use super::super::finding::printed;
    use super::*;

    #[test]
    fn a_word_that_we_avoid_is_found_in_code_and_documents() {
        let found = printed(
            avoided,
            &[("a.rs", "//! Redis.\n// Whoever asks while Redis is away."), ("b/c.md", "Begin anew."), ("d.toml", "# anew")],
        );
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], "a.rs:2: words: \"is away\": write is unavailable (docs/style.md)");
        assert!(found[1].starts_with("a.rs:2: words: \"whoever\": write anyone who"), "{found:?}");
        assert!(found[2].starts_with("b/c.md:1: words: \"anew\": write again"), "{found:?}");
    }

    #[test]
    fn parts_of_words_and_names_in_code_are_left_out() {
        let text = "fn numbers_begin_anew_each_year() {} // a renewal, a throwaway, this away team";
        assert_eq!(printed(avoided, &[("a.rs", text), ("docs/style.md", "| anew | again |")]), [""; 0]);
    }
}
