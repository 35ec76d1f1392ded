//! What the first bytes of a file say.

use std::io::Read;

use flate2::bufread::GzDecoder;

/// The first bytes of a gzip stream.
const GZIP: &[u8] = b"\x1f\x8b";
/// The first bytes of a zip file with members, and of one without.
const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
/// The size of a header in a tar archive.
const TAR_HEADER: usize = 512;

/// The kinds of archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArchiveKind {
    /// `.tar`.
    Tar,
    /// `.tar.gz`, `.tgz`.
    TarGz,
    /// `.zip`.
    Zip,
}

/// The kind of archive that begins like this. A compressed file that holds no archive is none.
pub(in crate::input) fn kind_of(head: &[u8]) -> Option<ArchiveKind> {
    if ZIP.iter().any(|mark| head.starts_with(mark)) {
        return Some(ArchiveKind::Zip);
    }
    if head.starts_with(GZIP) {
        return is_tar(&inflated_head(head)).then_some(ArchiveKind::TarGz);
    }
    is_tar(head).then_some(ArchiveKind::Tar)
}

/// Whether a member is an archive itself.
pub(super) fn is_nested(head: &[u8]) -> bool {
    kind_of(head).is_some()
}

/// The first bytes of what is compressed, as far as `head` has them.
fn inflated_head(head: &[u8]) -> Vec<u8> {
    let mut inflated = vec![0; TAR_HEADER];
    let mut decoder = GzDecoder::new(head);
    let mut filled = 0;
    while let Some(rest) = inflated.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match decoder.read(rest) {
            Ok(count) if count > 0 => filled += count,
            _ => break,
        }
    }
    inflated.truncate(filled);
    inflated
}

/// Whether a text begins with a valid header of a tar archive: its checksum is right.
fn is_tar(head: &[u8]) -> bool {
    let Some(header) = head.get(..TAR_HEADER) else {
        return false;
    };
    let Some(field) = header.get(148..156) else {
        return false;
    };
    let digits: String = field.iter().map(|byte| char::from(*byte)).collect();
    let digits = digits.trim_start().split(['\0', ' ']).next().unwrap_or_default();
    let Ok(stored) = u64::from_str_radix(digits, 8) else {
        return false;
    };
    let others = header.iter().enumerate().filter(|(at, _)| !(148..156).contains(at));
    let sum: u64 = others.map(|(_, byte)| u64::from(*byte)).sum::<u64>() + 8 * u64::from(b' ');
    sum == stored && header.first() != Some(&0)
}

/// Whether a path leads out of the folder that the archive would be unpacked into.
pub(super) fn is_unsafe(path: &str) -> bool {
    let is_drive = path.as_bytes().get(1) == Some(&b':');
    path.is_empty() || is_drive || path.starts_with(['/', '\\']) || path.split(['/', '\\']).any(|part| part == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_out_are_seen() {
        for path in ["/etc/passwd", "../x", "a/../../x", "..\\x", "C:\\x", "\\\\host\\x", ""] {
            assert!(is_unsafe(path), "{path}");
        }
        for path in ["a", "a/..b/c", "./a/b", "proxies/ns/pod/config_dump?include_eds"] {
            assert!(!is_unsafe(path), "{path}");
        }
    }

    #[test]
    fn archives_are_known_by_their_first_bytes() {
        let mut header = tar::Header::new_gnu();
        header.set_path("versions").unwrap_or_default();
        header.set_size(0);
        header.set_cksum();
        assert_eq!(kind_of(header.as_bytes()), Some(ArchiveKind::Tar));
        let mut broken = *header.as_bytes();
        broken[3] ^= 1;
        assert_eq!(kind_of(&broken), None);
        assert_eq!(kind_of(&[0; 1024]), None);
        assert_eq!(kind_of(b"apiVersion: v1"), None);
        assert_eq!(kind_of(b"PK\x03\x04"), Some(ArchiveKind::Zip));
    }
}
