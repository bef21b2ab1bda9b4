//! What a pack promises to the people who write it and to the services that read it.

#![cfg(test)]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use schildwacht_content::{Body, Flaws, Library, LoadError, Settings, Spanned, Text};
use serde::Deserialize;

/// A pack of greetings.
#[derive(Debug)]
struct Greetings {
    hello: Text,
    times: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    hello: Text,
    times: Spanned<u32>,
}

impl Body for Greetings {
    const ID: &'static str = "greetings";
    type Written = Written;

    fn read(written: Written, flaws: &mut Flaws) -> Option<Self> {
        if written.times.value == 0 {
            flaws.add(&written.times, "a greeting is said at least once");
        }
        Some(Self { hello: written.hello, times: written.times.value })
    }
}

fn pack(version: &str, validity: &str) -> String {
    format!(
        "id: greetings\nversion: \"{version}\"\n{validity}\nsources:\n  - title: Our own manners\nbody:\n  hello:\n    nl: Dag\n    en: Hello\n  times: 2\n"
    )
}

fn library(texts: &[String]) -> Result<Library<Greetings>, LoadError> {
    let named: Vec<_> = texts.iter().enumerate().map(|(index, text)| (format!("greetings/{index}.yaml"), text.clone())).collect();
    Library::read(&named)
}

/// The message of the only flaw in one file, `line:column: reason`.
fn flaw_of(text: &str) -> String {
    let LoadError::Flawed { flaws, .. } = library(&[text.to_owned()]).unwrap_err() else { panic!("another error was expected") };
    assert_eq!(flaws.len(), 1, "{flaws:?}");
    assert_eq!(flaws[0].file, "greetings/0.yaml");
    format!("{}:{}: {}", flaws[0].line, flaws[0].column, flaws[0].reason)
}

fn good() -> String {
    pack("2026.1", "valid_from: 2026-01-01")
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_good_pack_is_read_whole() {
    let library = library(&[good()]).unwrap();
    let pack = library.at(moment("2026-06-01T12:00:00Z")).unwrap();
    assert_eq!((pack.version.as_str(), pack.valid_to), ("2026.1", None));
    assert_eq!(pack.sources[0].title, "Our own manners");
    assert_eq!((pack.body.hello.nl.as_str(), pack.body.hello.en.as_str(), pack.body.times), ("Dag", "Hello", 2));
}

#[test]
fn each_mistake_is_told_with_its_place() {
    let replaced = |from: &str, to: &str| flaw_of(&good().replace(from, to));
    let cases = [
        ("syntax", replaced("sources:\n", "sources: [\n")),
        ("missing language", replaced("    en: Hello\n", "")),
        ("blank language", replaced("en: Hello", "en: \"  \"")),
        ("unknown language", replaced("en: Hello", "en: Hello\n    fr: Bonjour")),
        ("unknown field", replaced("version:", "verzion: 1\nversion:")),
        ("field written twice", replaced("id: greetings", "id: greetings\nid: greetings")),
        ("missing header field", replaced("valid_from: 2026-01-01\n", "")),
        ("no such day", replaced("2026-01-01", "2026-02-30")),
        ("other pack's id", replaced("id: greetings", "id: insults")),
        ("empty version", replaced("\"2026.1\"", "\"\"")),
        ("ends before it begins", replaced("valid_from: 2026-01-01", "valid_from: 2026-01-01\nvalid_to: 2025-12-31")),
        ("no source", replaced("sources:\n  - title: Our own manners", "sources: []")),
        ("wrong type", replaced("times: 2", "times: twice")),
        ("body's own rule", replaced("times: 2", "times: 0")),
        ("empty file", flaw_of("")),
    ];
    let told: Vec<_> = cases.iter().map(|(mistake, told)| format!("{mistake}: {told}")).collect();
    // The texts are part of the promise: people act on them.
    insta::assert_snapshot!(told.join("\n"), @r#"
    syntax: 5:3: "-" is only valid inside a block
    missing language: 8:5: missing field `en`
    blank language: 9:9: the text is empty; write it or remove what it belongs to
    unknown language: 10:5: unknown field `fr`, expected one of nl, en
    unknown field: 2:1: unknown field `verzion`, expected one of id, version, valid_from, valid_to, sources, body
    field written twice: 2:1: duplicate mapping key `id` is not allowed here
    missing header field: 5:1: missing field `valid_from`
    no such day: 3:13: "2026-02-30" is not a day; write the year, month and day, such as 2026-09-01
    other pack's id: 1:5: the id is `insults`, but files in this folder are of pack `greetings`
    empty version: 2:10: the version is empty; give one that no other file of this pack has, such as "2026.1"
    ends before it begins: 4:11: valid_to is before valid_from (2026-01-01); it is the last day on which the pack holds
    no source: 4:10: no source is given; name at least one document, article or decision
    wrong type: 10:10: expected a whole number (u32)
    body's own rule: 10:10: a greeting is said at least once
    empty file: 1:1: unexpected end of file
    "#);
}

#[test]
fn every_flaw_of_the_body_and_header_is_told_at_once() {
    let text = good().replace("id: greetings", "id: insults").replace("times: 2", "times: 0");
    let LoadError::Flawed { flaws, .. } = library(&[text]).unwrap_err() else { panic!("flaws were expected") };
    assert_eq!(flaws.iter().map(|flaw| flaw.line).collect::<Vec<_>>(), [1, 10]);
}

#[test]
fn a_flaw_reads_as_editors_know_it() {
    let error = library(&[good().replace("times: 2", "times: 0")]).unwrap_err();
    assert_eq!(error.to_string(), "content pack greetings is not right:\n  greetings/0.yaml:10:10: a greeting is said at least once");
}

#[test]
fn two_versions_of_one_name_are_refused() {
    let texts = [pack("1", "valid_from: 2026-01-01\nvalid_to: 2026-01-31"), pack("1", "valid_from: 2026-02-01")];
    let error = library(&texts).unwrap_err().to_string();
    assert!(error.ends_with("greetings/1.yaml:2:10: version 1 is also that of greetings/0.yaml"), "{error}");
}

#[test]
fn two_versions_on_one_day_are_refused() {
    let texts = [pack("2", "valid_from: 2026-02-01"), pack("1", "valid_from: 2026-01-01\nvalid_to: 2026-02-01")];
    let error = library(&texts).unwrap_err().to_string();
    let expected = "greetings/0.yaml:3:13: greetings/1.yaml still holds on 2026-02-01; set its valid_to to the day before";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn versions_change_at_midnight_in_brussels() {
    let texts = [pack("old", "valid_from: 2026-01-01\nvalid_to: 2026-06-30"), pack("new", "valid_from: 2026-07-01")];
    let library = library(&texts).unwrap();
    assert_eq!(library.at(moment("2026-06-30T21:59:59Z")).unwrap().version, "old");
    assert_eq!(library.at(moment("2026-06-30T22:00:00Z")).unwrap().version, "new");
}

#[test]
fn a_day_no_version_covers_is_said() {
    let library = library(&[pack("1", "valid_from: 2026-01-01\nvalid_to: 2026-06-30")]).unwrap();
    let error = library.at(moment("2026-07-01T12:00:00Z")).unwrap_err();
    assert_eq!(error.day, NaiveDate::from_ymd_opt(2026, 7, 1).unwrap());
}

#[test]
fn an_ended_version_is_still_found_by_name() {
    let library = library(&[pack("1", "valid_from: 2020-01-01\nvalid_to: 2020-06-30")]).unwrap();
    assert!(library.version("1").is_some());
    assert!(library.version("2").is_none());
}

#[test]
fn a_pack_without_files_is_refused() {
    assert!(matches!(Library::<Greetings>::load(&Settings::default()), Err(LoadError::Missing { id: "greetings" })));
}

#[test]
fn a_folder_replaces_the_packs_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { folder: Some(folder.path().to_owned()) };
    assert!(matches!(Library::<Greetings>::load(&settings), Err(LoadError::Missing { .. })), "an empty folder replaces nothing");

    std::fs::create_dir(folder.path().join("greetings")).unwrap();
    std::fs::write(folder.path().join("greetings/mine.yaml"), pack("mine", "valid_from: 2026-01-01")).unwrap();
    std::fs::write(folder.path().join("greetings/notes.txt"), "not a pack").unwrap();
    let library = Library::<Greetings>::load(&settings).unwrap();
    assert_eq!(library.packs().len(), 1);
    assert_eq!(library.packs()[0].version, "mine");
}

#[test]
fn a_configured_folder_that_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { folder: Some(folder.path().join("absent")) };
    let error = Library::<Greetings>::load(&settings).unwrap_err();
    assert!(matches!(error, LoadError::Unreadable { .. }), "{error}");
}

proptest! {
    /// Whatever the days of versions that follow each other, a moment has the version of its Brussels day.
    #[test]
    fn the_version_of_a_moment_is_that_of_its_day(lengths in prop::collection::vec(1_i64..400, 1..6), days in 0_i64..2_400, seconds in 0_i64..86_400) {
        let begin = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
        let mut texts = Vec::new();
        let mut spans = Vec::new();
        let mut from = begin;
        for length in lengths {
            let to = from + TimeDelta::days(length - 1);
            texts.push(pack(&texts.len().to_string(), &format!("valid_from: {from}\nvalid_to: {to}")));
            spans.push((from, to));
            from = to + TimeDelta::days(1);
        }
        texts.reverse();
        let library = library(&texts).unwrap();
        let moment = begin.and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::days(days) + TimeDelta::seconds(seconds);
        let day = moment.with_timezone(&chrono_tz::Europe::Brussels).date_naive();
        let expected = spans.iter().position(|(from, to)| (from..=to).contains(&&day)).map(|index| index.to_string());
        prop_assert_eq!(library.at(moment).ok().map(|pack| pack.version.clone()), expected);
    }
}
