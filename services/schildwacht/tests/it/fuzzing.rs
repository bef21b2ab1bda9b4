//! The library of the fuzz targets, which are no part of the workspace, and what they start from.

use std::fs;

use library::properties;

#[path = "../../../../fuzz/src/lib.rs"]
mod library;

#[test]
fn what_fuzzing_starts_from_and_what_it_found_holds() {
    type Property = fn(&[u8]);
    let targets: [(&str, Property); 6] = [
        ("otlp_protobuf", properties::otlp_protobuf),
        ("otlp_json", properties::otlp_json),
        ("eve", properties::eve),
        ("zeek", properties::zeek),
        ("arrays", properties::arrays),
        ("lines", properties::lines),
    ];
    for (target, property) in targets {
        let folder = format!("{}/../../fuzz/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
        let mut seeds = fs::read_dir(&folder).unwrap().peekable();
        assert!(seeds.peek().is_some(), "{folder} is empty");
        seeds.for_each(|seed| property(&fs::read(seed.unwrap().path()).unwrap()));
    }
}
