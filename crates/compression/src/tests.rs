use std::io::{Read as _, Write as _};

use flate2::{Compression, GzBuilder, read::GzEncoder};
use proptest::prelude::*;

use super::*;

const MAX: usize = 256 * 1024;

fn plain(encoding: Encoding, body: &[u8]) -> Result<Vec<u8>, Error> {
    with_plain(encoding, body, MAX, <[u8]>::to_vec).1
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    GzEncoder::new(body, Compression::fast()).read_to_end(&mut out).unwrap();
    out
}

fn zstd_of(body: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(body, 3).unwrap()
}

/// As a client does that does not know the size beforehand.
fn zstd_stream_of(body: &[u8], window_log: u32) -> Vec<u8> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.window_log(window_log).unwrap();
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn flaw(result: Result<Vec<u8>, Error>) -> &'static str {
    match result.unwrap_err() {
        Error::Broken(what) => what,
        other => panic!("{other}"),
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let large = vec![0; 64 * 1024 * 1024];
    for (encoding, bomb) in
        [(Encoding::Gzip, gzip(&large)), (Encoding::Zstd, zstd_of(&large)), (Encoding::Zstd, zstd_stream_of(&large, 20))]
    {
        assert_eq!(plain(encoding, &bomb), Err(Error::TooLarge { limit: MAX }));
    }
    let many_frames = zstd_of(&vec![0; MAX / 2]).repeat(100);
    assert_eq!(plain(Encoding::Zstd, &many_frames), Err(Error::TooLarge { limit: MAX }));
    let many_members = gzip(&vec![0; MAX / 2]).repeat(100);
    assert_eq!(plain(Encoding::Gzip, &many_members), Err(Error::TooLarge { limit: MAX }));
}

#[test]
fn the_limit_itself_is_allowed() {
    let exactly = vec![b'x'; MAX];
    for (encoding, body) in [
        (Encoding::Identity, exactly.clone()),
        (Encoding::Gzip, gzip(&exactly)),
        (Encoding::Zstd, zstd_of(&exactly)),
        (Encoding::Zstd, zstd_stream_of(&exactly, 20)),
    ] {
        assert_eq!(plain(encoding, &body).unwrap().len(), MAX, "{encoding}");
    }
    let over = vec![b'x'; MAX + 1];
    for (encoding, body) in [
        (Encoding::Identity, over.clone()),
        (Encoding::Gzip, gzip(&over)),
        (Encoding::Zstd, zstd_of(&over)),
        (Encoding::Zstd, zstd_stream_of(&over, 20)),
    ] {
        assert_eq!(plain(encoding, &body), Err(Error::TooLarge { limit: MAX }), "{encoding}");
    }
}

#[test]
fn a_window_larger_than_eight_mebibytes_is_refused() {
    let body = zstd_stream_of(&[7; 1000], 24);
    assert!(flaw(plain(Encoding::Zstd, &body)).starts_with("the window is larger than 8 MiB"));
    let mut compressor = zstd::bulk::Compressor::new(1).unwrap();
    compressor.set_parameter(zstd::zstd_safe::CParameter::WindowLog(24)).unwrap();
    let in_one_segment = compressor.compress(&vec![0; (8 << 20) + 1]).unwrap();
    let refused = with_plain(Encoding::Zstd, &in_one_segment, 32 << 20, |_| ()).1.unwrap_err();
    assert!(refused.to_string().contains("the window is larger than 8 MiB"), "{refused}");
    let just_within = compressor.compress(&vec![0; 8 << 20]).unwrap();
    assert_eq!(with_plain(Encoding::Zstd, &just_within, 32 << 20, |_| ()), (8 << 20, Ok(())));
    assert!(plain(Encoding::Zstd, &zstd_stream_of(&[7; 1000], 23)).is_ok());
}

#[test]
fn a_frame_that_lies_about_its_size_is_damaged() {
    let mut body = zstd_of(&[7; 5000]);
    let size_at = body.windows(2).position(|pair| pair == (5000_u16 - 256).to_le_bytes()).unwrap();
    body[size_at] ^= 0x40;
    assert_eq!(flaw(plain(Encoding::Zstd, &body)), "the data is damaged");
}

#[test]
fn bodies_that_end_too_early_are_told_apart_from_whole_ones() {
    let text = b"a few words that compress".repeat(40);
    for (encoding, body) in [(Encoding::Gzip, gzip(&text)), (Encoding::Zstd, zstd_of(&text)), (Encoding::Zstd, zstd_stream_of(&text, 20))] {
        for end in 0..body.len() {
            assert!(matches!(plain(encoding, &body[..end]), Err(Error::Broken(_))), "{encoding} cut at {end} of {}", body.len());
        }
        assert_eq!(plain(encoding, &body).unwrap(), text);
    }
}

#[test]
fn frames_and_members_one_after_the_other_are_one_body() {
    assert_eq!(plain(Encoding::Gzip, &[gzip(b"ab"), gzip(b""), gzip(b"cd")].concat()).unwrap(), b"abcd");
    let skippable = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9];
    let frames = [zstd_of(b"ab"), skippable.to_vec(), zstd_stream_of(b"cd", 20), zstd_of(b"")].concat();
    assert_eq!(plain(Encoding::Zstd, &frames).unwrap(), b"abcd");
}

#[test]
fn every_optional_field_of_a_gzip_header_is_skipped() {
    let mut encoder =
        GzBuilder::new().filename("eve.json").comment("from a sensor").extra([1, 2, 3]).write(Vec::new(), Compression::best());
    encoder.write_all(b"hello").unwrap();
    assert_eq!(plain(Encoding::Gzip, &encoder.finish().unwrap()).unwrap(), b"hello");
}

#[test]
fn a_wrong_checksum_is_noticed() {
    let mut body = gzip(b"hello");
    let at = body.len() - 8;
    body[at] ^= 1;
    assert_eq!(flaw(plain(Encoding::Gzip, &body)), "the checksum does not match");
}

#[test]
fn what_is_not_compressed_is_named_so() {
    assert_eq!(flaw(plain(Encoding::Gzip, b"{\"a\":1} and more")), "not gzip");
    assert_eq!(flaw(plain(Encoding::Zstd, b"{\"a\":1} and more")), "not zstd");
    assert_eq!(flaw(plain(Encoding::Zstd, b"")), "the data ends too early");
}

#[test]
fn what_came_out_of_the_compression_is_told_and_its_buffer_given_back_also_when_it_fails() {
    let max_bytes = 2 * KEEP_BYTES;
    let body = vec![b'x'; KEEP_BYTES + 1];
    for (encoding, whole) in [(Encoding::Gzip, gzip(&body)), (Encoding::Zstd, zstd_stream_of(&body, 20))] {
        let cut_off = &whole[..whole.len() - 3];
        let (bytes, result) = with_plain(encoding, cut_off, max_bytes, |_| ());
        assert!(result.is_err() && bytes > KEEP_BYTES / 2, "{encoding}: {bytes} {result:?}");
        assert!(SCRATCH.with_borrow(|scratch| scratch.plain.capacity()) <= KEEP_BYTES, "{encoding}");
        assert_eq!(with_plain(encoding, &whole, max_bytes, <[u8]>::len), (body.len(), Ok(body.len())));
        assert!(SCRATCH.with_borrow(|scratch| scratch.plain.capacity()) <= KEEP_BYTES, "{encoding}");
    }
}

proptest! {
    #[test]
    fn whatever_was_compressed_comes_back(body in prop::collection::vec(any::<u8>(), 0..4000), repeat in 1_usize..20) {
        let body = body.repeat(repeat);
        prop_assert_eq!(&plain(Encoding::Gzip, &gzip(&body)).unwrap(), &body);
        prop_assert_eq!(&plain(Encoding::Zstd, &zstd_of(&body)).unwrap(), &body);
        prop_assert_eq!(&plain(Encoding::Zstd, &zstd_stream_of(&body, 12)).unwrap(), &body);
    }

    #[test]
    fn damaged_data_never_panics_and_leaves_the_next_body_alone(body in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), with in any::<u8>()) {
        for (encoding, mut compressed) in [(Encoding::Gzip, gzip(&body)), (Encoding::Zstd, zstd_of(&body))] {
            let good = compressed.clone();
            let at = at.index(compressed.len());
            compressed[at] = with;
            let _maybe = plain(encoding, &compressed);
            prop_assert_eq!(&plain(encoding, &good).unwrap(), &body);
        }
    }
}
