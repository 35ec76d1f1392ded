//! Arbitrary bytes through the YAML reader: once as always, once without its fast path.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meshlint_fuzz::documents::*;

fuzz_target!(|data: &[u8]| {
    let document = read(data);
    spans_are_in_the_text(&document);
    pointers_lead_back(&document);
    yaml_paths_agree(&String::from_utf8_lossy(data));
});
