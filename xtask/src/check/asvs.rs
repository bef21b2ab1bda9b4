//! What the OWASP ASVS 5.0 asks and what answers it: `docs/security/asvs.toml`.
//!
//! Nobody reads a table of 263 rows to see whether it still holds. So: every requirement of levels 1 and 2 is there, and what a row
//! names exists. What is open is allowed, and counted.

use toml::{Table, Value};

use super::finding::Finding;
use crate::tree::Tree;

const RULE: &str = "asvs";
const PAGE: &str = "docs/security/asvs.toml";

/// The standard's sections, with the level of each of their requirements: 1.2 has ten, of which the last is of level 3.
const SECTIONS: &[(&str, &str)] = &[
    ("1.1", "22"),
    ("1.2", "1111122223"),
    ("1.3", "112222222223"),
    ("1.4", "222"),
    ("1.5", "123"),
    ("2.1", "122"),
    ("2.2", "112"),
    ("2.3", "12223"),
    ("2.4", "23"),
    ("3.1", "3"),
    ("3.2", "113"),
    ("3.3", "12223"),
    ("3.4", "11222233"),
    ("3.5", "11122333"),
    ("3.6", "3"),
    ("3.7", "22333"),
    ("4.1", "12233"),
    ("4.2", "23333"),
    ("4.3", "22"),
    ("4.4", "1222"),
    ("5.1", "2"),
    ("5.2", "112333"),
    ("5.3", "113"),
    ("5.4", "222"),
    ("6.1", "122"),
    ("6.2", "111111112222"),
    ("6.3", "11223333"),
    ("6.4", "112233"),
    ("6.5", "22222333"),
    ("6.6", "2223"),
    ("6.7", "33"),
    ("6.8", "2222"),
    ("7.1", "222"),
    ("7.2", "1111"),
    ("7.3", "22"),
    ("7.4", "11222"),
    ("7.5", "223"),
    ("7.6", "22"),
    ("8.1", "1233"),
    ("8.2", "1123"),
    ("8.3", "133"),
    ("8.4", "23"),
    ("9.1", "111"),
    ("9.2", "1222"),
    ("10.1", "22"),
    ("10.2", "223"),
    ("10.3", "22223"),
    ("10.4", "1111122222233333"),
    ("10.5", "22222"),
    ("10.6", "22"),
    ("10.7", "222"),
    ("11.1", "2233"),
    ("11.2", "22233"),
    ("11.3", "11233"),
    ("11.4", "1222"),
    ("11.5", "23"),
    ("11.6", "23"),
    ("11.7", "33"),
    ("12.1", "12233"),
    ("12.2", "11"),
    ("12.3", "22223"),
    ("13.1", "2333"),
    ("13.2", "222223"),
    ("13.3", "2233"),
    ("13.4", "1222233"),
    ("14.1", "22"),
    ("14.2", "12223333"),
    ("14.3", "122"),
    ("15.1", "12233"),
    ("15.2", "12233"),
    ("15.3", "1222222"),
    ("15.4", "3333"),
    ("16.1", "2"),
    ("16.2", "22222"),
    ("16.3", "2222"),
    ("16.4", "222"),
    ("16.5", "2223"),
    ("17.1", "23"),
    ("17.2", "22223333"),
    ("17.3", "22"),
];

/// Requirements of level 3 that we take on beside levels 1 and 2.
const TAKEN_ON: [&str; 10] = ["1.2.10", "2.3.5", "7.5.3", "8.3.2", "8.3.3", "10.3.5", "10.4.14", "12.3.5", "14.2.7", "15.4.2"];

/// What a row may answer; exactly one of them.
const ANSWERS: [&str; 3] = ["by", "not_applicable", "open"];

/// Every requirement is answered once, and what answers it exists.
pub fn requirements(tree: &Tree, findings: &mut Vec<Finding>) {
    let text = tree.text(PAGE).unwrap_or_default();
    let rows: Table = match text.parse() {
        Ok(rows) => rows,
        Err(error) => {
            let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
            findings.push(Finding::new(RULE, PAGE, line, error.message()));
            return;
        }
    };
    for (id, row) in &rows {
        let line = text.lines().position(|line| line == format!("[\"{id}\"]")).map_or(1, |at| at + 1);
        findings.extend(faults(tree, id, row).into_iter().map(|fault| Finding::new(RULE, PAGE, line, format!("{id}: {fault}"))));
    }
    for (id, level) in standard().filter(|(id, level)| is_wanted(id, *level) && !rows.contains_key(id)) {
        findings.push(Finding::new(RULE, PAGE, 1, format!("{id} (level {level}) is not answered: add [\"{id}\"]")));
    }
}

/// How many requirements of each level are answered how, in a line.
pub fn counts(tree: &Tree) -> Option<String> {
    let rows: Table = tree.text(PAGE)?.parse().ok()?;
    let of_level = ['1', '2', '3'].map(|level| {
        let of_level: Vec<&Value> = rows.iter().filter(|(id, _)| level_of(id) == Some(level)).map(|(_, row)| row).collect();
        let [met, not_applicable, open] = ANSWERS.map(|answer| of_level.iter().filter(|row| row.get(answer).is_some()).count());
        format!("level {level}: {met} of {} met, {not_applicable} not applicable, {open} open", of_level.len())
    });
    Some(format!("OWASP ASVS 5.0, {}", of_level.join("; ")))
}

fn faults(tree: &Tree, id: &str, row: &Value) -> Vec<String> {
    let Some(expected) = level_of(id) else { return vec!["the standard has no such requirement".to_owned()] };
    let mut faults = Vec::new();
    if row.get("level").and_then(Value::as_integer) != expected.to_digit(10).map(i64::from) {
        faults.push(format!("is of level {expected}"));
    }
    if !row.get("title").is_some_and(is_said) {
        faults.push("title is missing".to_owned());
    }
    let answers: Vec<(&str, &Value)> = ANSWERS.iter().filter_map(|answer| Some((*answer, row.get(answer)?))).collect();
    match answers.as_slice() {
        [("by", named)] => match named.as_array().map(Vec::as_slice) {
            None | Some([]) => faults.push("by names nothing".to_owned()),
            Some(named) => faults.extend(named.iter().filter_map(|named| missing(tree, named.as_str().unwrap_or_default()))),
        },
        [(answer, why)] if !is_said(why) => faults.push(format!("{answer} does not say why")),
        [_] => {}
        _ => faults.push("answer with exactly one of by, not_applicable, open".to_owned()),
    }
    faults
}

/// What is wrong with `path/of/a/page` or `path/of/tests.rs::name_of_a_test`.
fn missing(tree: &Tree, named: &str) -> Option<String> {
    let (path, test) = named.split_once("::").map_or((named, None), |(path, test)| (path, Some(test)));
    let Some(text) = tree.text(path) else { return Some(format!("there is no {path}")) };
    let test = test.filter(|test| !text.contains(&format!("fn {test}(")))?;
    Some(format!("{path} has no test {test}"))
}

fn is_said(text: &Value) -> bool {
    text.as_str().is_some_and(|text| !text.trim().is_empty())
}

fn is_wanted(id: &str, level: char) -> bool {
    level < '3' || TAKEN_ON.contains(&id)
}

fn level_of(id: &str) -> Option<char> {
    standard().find_map(|(known, level)| (known == id).then_some(level))
}

/// Every requirement with its level.
fn standard() -> impl Iterator<Item = (String, char)> {
    SECTIONS.iter().flat_map(|(section, levels)| levels.chars().zip(1..).map(move |(level, number)| (format!("{section}.{number}"), level)))
}

#[cfg(test)]
mod tests {
    use super::super::finding::printed;
    use super::*;

    /// A table in which every requirement is open, with one row replaced.
    fn with(id: &str, row: &str) -> String {
        let mut rows: Vec<String> = standard()
            .filter(|(known, level)| is_wanted(known, *level) && known != id)
            .map(|(known, level)| format!("[\"{known}\"]\nlevel = {level}\ntitle = \"t\"\nopen = \"all of it\"\n"))
            .collect();
        rows.insert(0, row.to_owned());
        rows.concat()
    }

    fn found(page: &str) -> Vec<String> {
        printed(requirements, &[(PAGE, page), ("a/tests.rs", "async fn a_test_that_is_there(x: X) {}"), ("docs/a.md", "")])
    }

    #[test]
    fn the_standard_has_345_requirements() {
        let count = |wanted| standard().filter(|(_, level)| *level == wanted).count();
        assert_eq!(['1', '2', '3'].map(count), [70, 183, 92]);
        assert!(TAKEN_ON.iter().all(|id| level_of(id) == Some('3')));
    }

    #[test]
    fn a_whole_table_is_fine_and_is_counted() {
        let page = with("1.2.3", "[\"1.2.3\"]\nlevel = 1\ntitle = \"t\"\nby = [\"a/tests.rs::a_test_that_is_there\", \"docs/a.md\"]\n");
        assert_eq!(found(&page), [""; 0]);
        let counts = counts(&Tree::of(&[(PAGE, &page)])).unwrap();
        assert!(counts.contains("level 1: 1 of 70 met, 0 not applicable, 69 open; level 2: 0 of 183 met"), "{counts}");
        assert!(counts.ends_with("level 3: 0 of 10 met, 0 not applicable, 10 open"), "{counts}");
    }

    #[test]
    fn a_requirement_that_is_left_out_is_found_and_one_that_is_there_twice() {
        assert_eq!(found(&with("1.2.3", "")), ["docs/security/asvs.toml:1: asvs: 1.2.3 (level 1) is not answered: add [\"1.2.3\"]"]);
        assert_eq!(found(&with("15.4.2", "")).len(), 1, "one of level 3 that we take on");
        assert!(found(&with("", "[\"1.1.1\"]\nopen = \"x\"\n"))[0].contains("duplicate key"));
    }

    #[test]
    fn what_a_row_names_must_exist() {
        let by = |named: &str| found(&with("1.2.3", &format!("[\"1.2.3\"]\nlevel = 1\ntitle = \"t\"\nby = [\"{named}\"]\n")));
        assert_eq!(by("a/gone.rs::a_test"), ["docs/security/asvs.toml:1: asvs: 1.2.3: there is no a/gone.rs"]);
        assert_eq!(by("a/tests.rs::a_test"), ["docs/security/asvs.toml:1: asvs: 1.2.3: a/tests.rs has no test a_test"]);
        assert_eq!(by("docs/gone.md").len(), 1);
    }

    #[test]
    fn a_row_has_its_level_a_title_and_one_answer() {
        for (row, fault) in [
            ("level = 2\ntitle = \"t\"\nopen = \"x\"", "is of level 1"),
            ("level = 1\nopen = \"x\"", "title is missing"),
            ("level = 1\ntitle = \"t\"", "exactly one of"),
            ("level = 1\ntitle = \"t\"\nopen = \"x\"\nnot_applicable = \"y\"", "exactly one of"),
            ("level = 1\ntitle = \"t\"\nnot_applicable = \" \"", "not_applicable does not say why"),
            ("level = 1\ntitle = \"t\"\nby = []", "by names nothing"),
        ] {
            let found = found(&with("1.2.3", &format!("[\"1.2.3\"]\n{row}\n")));
            assert!(found.len() == 1 && found[0].contains(fault), "{row}: {found:?}");
        }
        assert!(found(&with("", "[\"1.2.11\"]\nlevel = 1\ntitle = \"t\"\nopen = \"x\"\n"))[0].contains("no such requirement"));
    }
}
