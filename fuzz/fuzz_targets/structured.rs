//! Meshes and dumps that are built from the bytes, so that the rules are reached.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use meshlint::engine::Settings;
use meshlint_fuzz::choices::Choices;
use meshlint_fuzz::runs::{Files, outputs};
use meshlint_fuzz::{judgements, meshes};
use rayon::{ThreadPool, ThreadPoolBuilder};

fuzz_target!(|data: &[u8]| {
    let mut choices = Choices::new(data);
    let flags = choices.byte();
    let seed: Vec<u8> = (0..32).map(|_| choices.byte()).collect();
    let mut texts = Vec::new();
    if flags & 1 == 0 {
        texts.push(meshes::dump(&mut choices).to_string());
    }
    let objects = meshes::manifests(&mut choices);
    let join = |objects: &[serde_json::Value]| objects.iter().map(|o| format!("{o}\n")).collect::<String>();
    let (first, second) = objects.split_at(if flags & 2 == 0 { 0 } else { objects.len() / 2 });
    texts.extend([first, second].into_iter().filter(|part| !part.is_empty()).map(join));

    let mut settings = Settings::default();
    if flags & 4 != 0 {
        let _ = settings.mesh.complete.add("all");
    }
    let contents: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
    let files = Files::write(&contents, "json", flags & 8 == 0);
    let analysis = pool(1).install(|| files.run(&settings));
    files.check(&analysis);
    if flags & 48 == 0 {
        let by_two = pool(2).install(|| files.run(&settings));
        assert_eq!(outputs(&analysis), outputs(&by_two), "one thread (left) and two threads differ");
    }
    judgements::audiences_find_the_same(&join(&objects), &settings.mesh);
    judgements::covering_is_sound(&texts, &mut Choices::new(&seed));
});

fn pool(threads: usize) -> &'static ThreadPool {
    static POOLS: [OnceLock<ThreadPool>; 2] = [OnceLock::new(), OnceLock::new()];
    POOLS[threads - 1].get_or_init(|| ThreadPoolBuilder::new().num_threads(threads).build().expect("threads"))
}
