use proptest::prelude::*;
use runtime::Ids;

use super::*;
use crate::domain::{BoardKind, School};

const HEADER: &str = "board_number;board_name;board_kind;institution_number;school_name;school_municipality;site_number;site_name;street;postal_code;municipality";

fn csv(lines: &[&str]) -> String {
    let mut file = HEADER.to_owned();
    for line in lines {
        file.push('\n');
        file.push_str(line);
    }
    file
}

fn read_csv(file: &str) -> Result<Organisations, BadLines> {
    read(Format::Csv, file.as_bytes(), &mut |_| {})
}

fn read_json(file: &str) -> Result<Organisations, BadLines> {
    read(Format::Json, file.as_bytes(), &mut |_| {})
}

/// Line, field and reason of every complaint.
fn complaints(outcome: Result<Organisations, BadLines>) -> Vec<(u64, &'static str, &'static str)> {
    let bad_lines = outcome.expect_err("the file should be refused");
    bad_lines.shown().iter().map(|bad| (bad.line, bad.field.map_or("", Field::as_str), bad.reason.into_str())).collect()
}

const ZANDLOPER: &str = "120;Vzw Zandloper;vrij;9712;Basisschool De Zandloper;Aalter;1;Dorp;Dorpstraat 1;9880;Aalter";
const ZANDLOPER_WIJK: &str = "120;Vzw Zandloper;free;009712;Basisschool De Zandloper;Aalter;2;;Veldweg 4;9880;Aalter";

#[test]
fn both_shapes_of_the_same_facts_read_the_same() {
    let json = r#"[{"number": 120, "name": "Vzw Zandloper", "kind": "free", "founded": 1931, "schools": [
        {"number": "009712", "name": "Basisschool De Zandloper", "municipality": "Aalter", "sites": [
            {"number": 1, "name": "Dorp", "street": "Dorpstraat 1", "postal_code": 9880, "municipality": "Aalter"},
            {"number": "2", "name": null, "street": "Veldweg 4", "postal_code": "9880", "municipality": "Aalter"}]}]}]"#;
    let from_csv = read_csv(&csv(&[ZANDLOPER, ZANDLOPER_WIJK])).unwrap();
    assert_eq!(read_json(json), Ok(from_csv.clone()));
    let school = &from_csv.schools[&"9712".parse().unwrap()];
    assert_eq!(school.sites[&"2".parse().unwrap()].name, "Basisschool De Zandloper", "a site without a name has its school's");
    assert_eq!(from_csv.boards.values().next().unwrap().kind, BoardKind::Free);
}

#[test]
fn byte_order_mark_commas_windows_line_ends_order_and_dutch_names_are_understood() {
    let file = "\u{feff}gemeente,instellingsnummer,Instellingsnaam,instellingsgemeente,vestigingsnummer,BESTUURSNUMMER,bestuursnaam,bestuurstype,opmerking\r\n\
                Aalter,9712,\"De Zandloper, basisschool\",Aalter,1,120,Gemeente Aalter,gemeente,x\r\n";
    let organisations = read_csv(file).unwrap();
    assert_eq!(organisations.schools.values().next().unwrap().name, "De Zandloper, basisschool");
    assert_eq!(organisations.boards.values().next().unwrap().kind, BoardKind::Municipality);
}

#[test]
fn every_bad_line_is_named_with_its_own_reason() {
    let file = csv(&[
        ZANDLOPER,
        "",
        "120;Vzw Zandloper;sportclub;9713;;Aalter;1;;;9880;Aalter",
        "",
        ";;;;;;;;;;",
        "120;Vzw Zandloper;free;97x3;Basisschool De Vlieger;Aalter;1;;;988;Aalter",
        "120;Vzw Zandloper;free;;;;3;;;9880;Aalter",
        ";;;9714;Basisschool De Merel;Aalter;1;;;9880;Aalter",
        "120;Vzw Zandlopers;free;9712;Basisschool De Zandloper;Gent;1;Dorp;;9880;Aalter",
        "120;Vzw Zandloper;free;9715;Basisschool De Linde;Aalter;;;;;",
        "120;too;few",
    ]);
    assert_eq!(
        complaints(read_csv(&file)),
        [
            (4, "board_kind", "unknown_board_kind"),
            (4, "school_name", "missing_name"),
            (7, "institution_number", "invalid_institution_number"),
            (7, "postal_code", "invalid_postal_code"),
            (8, "institution_number", "site_without_school"),
            (9, "board_number", "school_without_board"),
            (10, "board_name", "conflicting_value"),
            (10, "school_municipality", "conflicting_value"),
            (10, "site_number", "duplicate_number"),
            (11, "site_number", "school_without_site"),
            (12, "", "wrong_column_count"),
        ]
    );
}

#[test]
fn a_line_is_counted_from_the_start_of_its_record() {
    let file = csv(&["120;\"Vzw\nZandloper\";free;9712;Basisschool De Zandloper;Aalter;1;;;9880;Aalter", "121;;free;;;;;;;;"]);
    assert_eq!(complaints(read_csv(&file)), [(2, "board_name", "unprintable_text"), (4, "board_name", "missing_name")]);
}

#[test]
fn a_text_has_at_most_200_characters_and_a_complaint_says_what_stood_there() {
    let of_board = |name: &str| read_csv(&csv(&[&ZANDLOPER.replace("Vzw Zandloper", name)]));
    assert_eq!(of_board(&"é".repeat(200)).map(|read| read.site_count()), Ok(1));
    for length in [201, 300] {
        assert_eq!(complaints(of_board(&"é".repeat(length))), [(2, "board_name", "text_too_long")]);
    }
    let long = format!("sport{}club", "x".repeat(100));
    let refused = read_csv(&csv(&[&ZANDLOPER.replace("vrij", &long)])).unwrap_err();
    let beginning = format!("\"sport{}\" is not a kind of board", "x".repeat(55));
    assert!(refused.shown()[0].message.starts_with(&beginning), "{:?}", refused.shown());
}

#[test]
fn a_header_must_name_every_column_once() {
    let file = "board_number;board_name;board_name;institution_number;school_name;school_municipality;site_number;municipality\n";
    assert_eq!(complaints(read_csv(file)), [(1, "board_name", "repeated_column"), (1, "board_kind", "missing_column")]);
}

#[test]
fn elements_of_json_are_named_by_the_line_they_start_on() {
    let file = r#"
{"page": 1, "content": [
  {"number": 120, "name": "Vzw Zandloper", "kind": "free", "schools": [
    {"number": 0, "name": "Basisschool De Vlieger", "municipality": "Aalter", "sites": []},
    {"number": 9712, "name": "Basisschool De Zandloper", "municipality": "Aalter",
     "sites": [{"number": 1, "municipality": "Aalter"},
               {"number": 1, "municipality": "Aalter"},
               {"number": 2}]},
    {"number": 9713, "name": "Basisschool De Merel", "municipality": "Aalter", "sites": []}
  ]}
]}
[{"number": 121, "name": "Vzw Ster", "kind": "free",
  "schools": [{"number": 9714,
    "name": ["De Ster"]}]}]
"#;
    assert_eq!(
        complaints(read_json(file)),
        [
            (4, "institution_number", "invalid_institution_number"),
            (7, "site_number", "duplicate_number"),
            (8, "municipality", "missing_municipality"),
            (9, "site_number", "school_without_site"),
            (14, "", "unreadable"),
        ]
    );
}

#[test]
fn what_is_no_json_is_refused_where_it_stops_being_json() {
    assert_eq!(complaints(read_json("[\n  {\"number\": 120,\n  oops}\n]")), [(3, "", "unreadable")]);
    assert_eq!(complaints(read_json("\"boards\"")), [(1, "", "unreadable")]);
}

#[test]
fn other_encodings_are_refused_with_the_line() {
    let latin = [csv(&[ZANDLOPER, "121;Caf"]).as_bytes(), b"\xe9;free;;;;;;;;\n"].concat();
    assert_eq!(complaints(read(Format::Csv, &latin, &mut |_| {})), [(3, "", "not_utf8")]);
}

#[test]
fn an_empty_file_imports_nothing_and_says_so() {
    assert_eq!(complaints(read_json("[]")), [(1, "", "nothing_to_import")]);
    assert_eq!(complaints(read_csv(HEADER)), [(1, "", "nothing_to_import")]);
}

#[test]
fn a_report_of_very_many_bad_lines_stays_small() {
    let lines = vec!["120;Vzw Zandloper;nonsense;;;;;;;;"; 1_000];
    let bad_lines = read_csv(&csv(&lines)).unwrap_err();
    assert_eq!((bad_lines.shown().len(), bad_lines.total()), (BadLines::SHOWN_AT_MOST, 1_000));
}

#[test]
fn progress_never_goes_back_in_csv() {
    let mut heard = Vec::new();
    read(Format::Csv, csv(&[ZANDLOPER, ZANDLOPER_WIJK]).as_bytes(), &mut |line| heard.push(line)).unwrap();
    assert_eq!(heard, [1, 2, 3]);
    assert_eq!(count_lines(csv(&[ZANDLOPER, ZANDLOPER_WIJK]).as_bytes()), 3);
}

fn import(stored: &[School], file: &str) -> Changes {
    let boards = stored.iter().map(|school| school.board.clone());
    Changes::between(Stored::new(boards, stored.to_vec()), &read_csv(file).unwrap(), &Ids::counted())
}

#[test]
fn importing_the_same_file_again_changes_nothing() {
    let file = csv(&[ZANDLOPER, ZANDLOPER_WIJK]);
    let first = import(&[], &file);
    assert_eq!((first.boards.len(), first.created.len(), first.updated.len()), (1, 1, 0));
    let second = import(&first.created, &file);
    assert_eq!(second, Changes { unchanged: 1, ..Changes::default() });
}

#[test]
fn a_new_name_of_a_board_updates_schools_that_the_file_leaves_out() {
    let first = import(&[], &csv(&[ZANDLOPER]));
    let second = import(&first.created, &csv(&["120;Vzw De Zandlopers;free;;;;;;;;"]));
    assert_eq!(second.updated.len(), 1);
    assert_eq!(second.updated[0].id, first.created[0].id);
    assert_eq!(second.updated[0].board.name, "Vzw De Zandlopers");
    assert_eq!(second.updated[0].board.id, first.created[0].board.id);
}

#[test]
fn a_site_that_the_file_leaves_out_stays() {
    let first = import(&[], &csv(&[ZANDLOPER, ZANDLOPER_WIJK]));
    let second =
        import(&first.created, &csv(&["120;Vzw Zandloper;free;9712;Basisschool De Zandloper;Aalter;1;Centrum;Dorpstraat 1;9880;Aalter"]));
    let names: Vec<_> = second.updated[0].sites.iter().map(|site| site.name.as_str()).collect();
    assert_eq!(names, ["Centrum", "Basisschool De Zandloper"]);
    assert_eq!(second.updated[0].sites[0].id, first.created[0].sites[0].id);
}

/// Schools of one board with up to three sites each, as CSV lines.
fn a_file() -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_map(1_u32..999_999, ("[A-Z][a-z]{1,8}", 1_u32..4), 1..20).prop_map(|schools| {
        let lines = schools.into_iter().flat_map(|(number, (name, sites))| {
            (1..=sites).map(move |site| format!("7;Bestuur;go;{number};School {name};{name}gem;{site};;;1000;{name}gem"))
        });
        lines.collect()
    })
}

proptest! {
    #[test]
    fn no_input_whatever_brings_the_reader_down(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\":;,\n a-c0-9]{0,80}") {
        for format in [Format::Csv, Format::Json] {
            let _outcome = read(format, &bytes, &mut |_| {});
            let _outcome = read(format, text.as_bytes(), &mut |_| {});
            let _outcome = read(format, format!("{HEADER}\n{text}").as_bytes(), &mut |_| {});
        }
    }

    #[test]
    fn the_order_of_lines_does_not_matter(lines in a_file().prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle()))) {
        let (one_order, other_order) = lines;
        let one: Vec<_> = one_order.iter().map(String::as_str).collect();
        let other: Vec<_> = other_order.iter().map(String::as_str).collect();
        prop_assert_eq!(read_csv(&csv(&one)).unwrap(), read_csv(&csv(&other)).unwrap());
    }

    #[test]
    fn one_bad_line_anywhere_is_named_and_nothing_is_imported(lines in a_file(), at in any::<prop::sample::Index>()) {
        let mut lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let position = at.index(lines.len() + 1);
        lines.insert(position, "7;Bestuur;go;abc;School;Gent;1;;;1000;Gent");
        prop_assert_eq!(complaints(read_csv(&csv(&lines))), [(position as u64 + 2, "institution_number", "invalid_institution_number")]);
    }

    #[test]
    fn what_was_imported_is_unchanged_afterwards(lines in a_file()) {
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let first = import(&[], &csv(&lines));
        let second = import(&first.created, &csv(&lines));
        prop_assert_eq!(second, Changes { unchanged: first.created.len(), ..Changes::default() });
    }
}
