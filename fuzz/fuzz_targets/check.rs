//! A whole check of arbitrary bytes. The first byte says how they are given: as one file or
//! several (at [`SEPARATOR`]), named or found in folders, with what settings.
#![no_main]

use libfuzzer_sys::fuzz_target;
use meshlint::engine::Settings;
use meshlint_fuzz::runs::{Files, SEPARATOR};

fuzz_target!(init: one_thread(), |data: &[u8]| {
    let Some((flags, text)) = data.split_first() else { return };
    let files = match flags & 1 {
        0 => vec![text],
        _ => split(text),
    };
    let named = flags & 2 == 0;
    let mut settings = Settings::default();
    if flags & 4 != 0 {
        let _ = settings.mesh.complete.add("all");
    }
    if flags & 8 != 0 {
        settings.namespace = Some("default".to_owned());
    }
    let files = Files::write(&files, "yaml", named);
    files.check(&files.run(&settings));
});

/// Waking another thread for every input would take longer than most inputs.
fn one_thread() {
    let _ = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
}

fn split(text: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        let (part, behind) = rest.split_at(at);
        parts.push(part);
        rest = &behind[SEPARATOR.len()..];
        if parts.len() == 5 {
            break;
        }
    }
    parts.push(rest);
    parts
}
