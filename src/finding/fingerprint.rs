//! The identity of a finding across runs: rule, resource and path, never the line.

use super::Subject;

/// A fingerprint of 16 hexadecimal digits (64-bit FNV-1a, which will not change under our feet).
pub(super) fn fingerprint(rule: &str, subject: &Subject, file: &str, path: &str) -> String {
    let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
    hash.add(rule);
    match subject {
        Subject::Object(id) => {
            // Moving to another version of the same API does not make it another finding.
            hash.add(id.api_version.split('/').next().filter(|_| id.api_version.contains('/')).unwrap_or(""));
            hash.add(&id.kind);
            hash.add(&id.namespace);
            hash.add(&id.name);
        }
        Subject::Proxy { proxy, section, resource } => {
            hash.add(proxy);
            hash.add(section);
            hash.add(resource);
        }
        Subject::File => hash.add(file),
    }
    hash.add(path);
    format!("{:016x}", hash.0)
}

struct Fnv(u64);

impl Fnv {
    fn add(&mut self, text: &str) {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
