//! Arbitrary bytes through the JSON reader.
#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use meshlint::document::{Document, Format};
use meshlint_fuzz::documents::*;

fuzz_target!(|data: &[u8]| -> Corpus {
    let text = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data).trim_ascii_start();
    if !matches!(text.first(), Some(b'{' | b'[')) {
        return Corpus::Reject; // the YAML reader's business
    }
    if let Ok(text) = std::str::from_utf8(text) {
        let (fast, careful) = Document::both_json_readings(text);
        if let Some(fast) = fast {
            assert_eq!(fast.problems(), careful.problems(), "the fast path overlooks a fault");
            assert_eq!(fast.node_count(), careful.node_count());
            assert!(fast.roots().map(|root| root.to_json()).eq(careful.roots().map(|root| root.to_json())));
        }
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
