//! Arbitrary bytes through the JSON reader.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use meshlint::document::Format;
use meshlint_fuzz::documents::*;

fuzz_target!(|data: &[u8]| -> Corpus {
    let text = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data).trim_ascii_start();
    if !matches!(text.first(), Some(b'{' | b'[')) {
        return Corpus::Reject; // the YAML reader's business
    }
    let document = read(data);
    spans_are_in_the_text(&document);
    if document.format() == Format::Json {
        spans_nest_and_ascend(&document);
        pointers_lead_back(&document);
    }
    agrees_with_serde_json(&document);
    Corpus::Keep
});
