//! Files as people pass them on: in a folder, `.tar`, `.tar.gz` or `.zip`.

use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

/// Paths with what is in them.
pub(crate) type Files = Vec<(String, String)>;

/// A place of this name that nothing is at yet; its folder is there.
pub(crate) fn place(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    let _ = fs::remove_file(&path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

pub(crate) fn tar(files: &Files, modified: u64) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(modified);
        archive.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zip(files: &Files) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, text) in files {
        writer.start_file(path.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Writes a file and returns its path.
pub(crate) fn save(name: &str, bytes: &[u8]) -> String {
    let path = place(name);
    fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

/// Writes files into a folder and returns its path.
pub(crate) fn unpack(name: &str, files: &Files) -> String {
    let folder = place(name);
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder.display().to_string()
}
