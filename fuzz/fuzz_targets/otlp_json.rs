#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| schildwacht_fuzz::properties::otlp_json(bytes));
