//! Archives that were made to do harm cost a line, not memory, disk or time.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, missing_docs)]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use support::{Ran, run_with};
use tar::{EntryType, Header};

const CLEAN: i32 = 0;
const UNREADABLE: i32 = 4;

/// Something that is analysed and has no fault.
const SOUND: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\nspec: {ports: [{port: 80}]}\n";

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hostile");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

fn header(name: &[u8], size: u64, kind: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name); // `set_path` refuses what we want
    header.set_size(size);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_mtime(1_700_000_000);
    header.set_cksum();
    header
}

/// One member, with its padding.
fn member(name: &str, content: &[u8]) -> Vec<u8> {
    let mut bytes = header(name.as_bytes(), content.len() as u64, EntryType::Regular).as_bytes().to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn link(name: &str, target: &str, kind: EntryType) -> Vec<u8> {
    let mut header = header(name.as_bytes(), 0, kind);
    header.set_link_name(target).unwrap();
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn ended(mut members: Vec<u8>) -> Vec<u8> {
    members.extend([0; 1024]);
    members
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Checks an archive. The run may have 1.5 GB of address space, threads and all, and 15 seconds of a
/// processor; what would be unpacked would appear in the folder that it runs in.
fn check(name: &str, bytes: &[u8]) -> Ran {
    let archive = path(name);
    std::fs::write(&archive, bytes).unwrap();
    let empty = path(&format!("{name}.d"));
    let _ = std::fs::remove_dir_all(&empty);
    std::fs::create_dir_all(&empty).unwrap();
    let mut command = std::process::Command::new("sh");
    let limited = format!(
        "ulimit -v 1500000; ulimit -t 15; exec {} check --format concise ../{name}",
        env!("CARGO_BIN_EXE_meshlint")
    );
    command.args(["-c", &limited]).current_dir(&empty);
    let ran = run_with(command, b"");
    assert_eq!(std::fs::read_dir(&empty).unwrap().count(), 0, "something was unpacked");
    std::fs::remove_file(&archive).unwrap();
    ran
}

#[track_caller]
fn assert_says(ran: &Ran, code: i32, line: &str) {
    assert!(ran.err.lines().any(|found| found == line), "no {line:?} in\n{}\nout: {}", ran.err, ran.out);
    assert_eq!(ran.code, code, "\nstdout: {}\nstderr: {}", ran.out, ran.err);
}

#[test]
fn paths_that_lead_out_are_refused() {
    for (name, file) in
        [("../../etc/cron.d/evil.yaml", "dots.tar"), ("/etc/evil.yaml", "root.tar"), ("C:\\evil.yaml", "drive.tar")]
    {
        let bytes = ended([member("crs.yaml", SOUND.as_bytes()), member(name, SOUND.as_bytes())].concat());
        let ran = check(file, &bytes);
        assert_says(&ran, UNREADABLE, &format!("cannot read ../{file}!{name}: its path leads out of the archive"));
        assert!(ran.err.contains("1 object (1 file)"), "the rest is analysed: {}", ran.err);
    }
}

#[test]
fn links_are_not_followed() {
    let secret = path("links.secret.yaml");
    std::fs::write(&secret, SOUND).unwrap();
    let soft = link("cluster/crs", secret.to_str().unwrap(), EntryType::Symlink);
    let hard = link("cluster/nodes", "/etc/passwd", EntryType::Link);
    let device = header(b"cluster/pods", 0, EntryType::Char).as_bytes().to_vec();
    let ran = check("links.tar", &ended([soft, hard, device].concat()));
    let line = "cannot read ../links.tar: 2 members were not read, they are links, and links are not followed: cluster/crs, cluster/nodes";
    assert_says(&ran, UNREADABLE, line);
    assert_says(&ran, UNREADABLE, "cannot read ../links.tar!cluster/pods: it is no regular file");
}

#[test]
fn ten_gigabytes_of_zeroes_are_not_inflated() {
    const CHUNK: usize = 16 << 20;
    const SIZE: u64 = 10 << 30;
    // gzip streams may follow each other, so that one compressed chunk can be used 640 times.
    let zeroes = gzipped(&vec![0; CHUNK]);
    for (kind, name) in [("dump", "proxies/a/b/config_dump"), ("core", "proxies/a/b/cores/0.core")] {
        let mut bytes = gzipped(&header(name.as_bytes(), SIZE, EntryType::Regular).as_bytes()[..]);
        (0..SIZE / CHUNK as u64).for_each(|_| bytes.extend_from_slice(&zeroes));
        let file = format!("zeroes-{kind}.tar.gz");
        let line =
            format!("cannot read ../{file}: it inflates to more than 100 times its size; nothing is read after {name}");
        let ran = check(&file, &bytes);
        assert!(ran.err.contains(&line), "{}", ran.err);
        assert_eq!(ran.code, UNREADABLE);
    }
}

#[test]
fn a_dump_that_inflates_without_end_is_not_read() {
    let spaces = gzipped(&vec![b' '; 16 << 20]);
    let bytes = spaces.repeat(640);
    let ran = check("config_dump.json.gz", &bytes);
    assert_says(&ran, UNREADABLE, "cannot read ../config_dump.json.gz: it inflates to more than 100 times its size");
}

#[test]
fn a_compressed_member_that_inflates_without_end_is_not_read() {
    let inner = gzipped(&vec![b' '; 16 << 20]).repeat(640);
    let bytes =
        ended([member("proxies/a/b/config_dump.json.gz", &inner), member("crs.yaml", SOUND.as_bytes())].concat());
    let ran = check("inner.tar", &bytes);
    let line = "cannot read ../inner.tar!proxies/a/b/config_dump.json.gz: it inflates to more than 100 times its size";
    assert_says(&ran, UNREADABLE, line);
    assert!(ran.err.contains("1 object (1 file)"), "the rest is analysed: {}", ran.err);
}

#[test]
fn a_million_members_are_not_counted_to_the_end() {
    let thousand: Vec<u8> = (0..1000).flat_map(|number| member(&format!("x{number}"), b"")).collect();
    let bytes = gzipped(&thousand).repeat(1000);
    let ran = check("million.tar.gz", &bytes);
    let line = "cannot read ../million.tar.gz: it has more than 200000 members; the rest is not read";
    assert_says(&ran, UNREADABLE, line);
}

#[test]
fn archives_in_archives_are_not_opened() {
    let inner = ended(member("crs.yaml", SOUND.as_bytes()));
    let outer =
        [member("a.json", &inner), member("b.json", &gzipped(&inner)), member("c.json", b"PK\x03\x04")].concat();
    let ran = check("nested.tar", &ended(outer));
    let line = "cannot read ../nested.tar: 3 members were not read, they are archives themselves; unpack them and check each by its own: a.json, b.json, c.json";
    assert_says(&ran, UNREADABLE, line);
}

#[test]
fn what_there_is_of_a_truncated_archive_is_analysed() {
    let noise: Vec<u8> = (0..200_000u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let members = [member("cluster/crs", SOUND.as_bytes()), member("proxies/a/b/istio-proxy.log", &noise)].concat();
    let whole = ended(members);
    let compressed = gzipped(&whole);
    for (file, bytes) in [("cut.tar.gz", &compressed[..compressed.len() / 2]), ("cut.tar", &whole[..whole.len() / 2])] {
        let ran = check(file, bytes);
        let line =
            format!("cannot read ../{file}: the archive is cut off; nothing is read after proxies/a/b/istio-proxy.log");
        assert_says(&ran, UNREADABLE, &line);
        assert!(ran.err.contains("1 object (1 file)"), "the rest is analysed: {}", ran.err);
    }
}

#[test]
fn sizes_that_lie_are_not_believed() {
    let mut bytes = member("cluster/crs", SOUND.as_bytes());
    bytes.extend(header(b"proxies/a/b/config_dump", 6 << 30, EntryType::Regular).as_bytes());
    bytes.extend(b"{\"configs\": []}");
    let ran = check("large.tar", &bytes);
    let line = "cannot read ../large.tar!proxies/a/b/config_dump: it is larger than 512 MiB";
    assert_says(&ran, UNREADABLE, line);
    // A claim within the limits sets nothing aside either.
    let mut bytes = member("cluster/crs", SOUND.as_bytes());
    bytes.extend(header(b"proxies/a/b/config_dump", 500 << 20, EntryType::Regular).as_bytes());
    bytes.extend(b"{\"configs\": []}");
    let ran = check("short.tar", &bytes);
    assert_says(
        &ran,
        UNREADABLE,
        "cannot read ../short.tar: the archive is cut off; nothing is read after proxies/a/b/config_dump",
    );
}

#[test]
fn a_name_without_end_is_not_read() {
    let mut bytes = member("cluster/crs", SOUND.as_bytes());
    bytes.extend(header(b"././@LongLink", 1 << 30, EntryType::GNULongName).as_bytes());
    let bytes = [gzipped(&bytes), gzipped(&noise(4 << 20))].concat();
    let ran = check("name.tar.gz", &bytes);
    let line = "cannot read ../name.tar.gz: a name or an attribute of more than 1 MiB stands before a member; nothing is read after cluster/crs";
    assert_says(&ran, UNREADABLE, line);
    let long = "d/".repeat(3000);
    let named = [header(b"././@LongLink", long.len() as u64, EntryType::GNULongName).as_bytes().to_vec(), {
        let mut name = long.into_bytes();
        name.resize(name.len().next_multiple_of(512), 0);
        name
    }];
    let ran = check("long.tar", &ended([named.concat(), member("x", b"")].concat()));
    assert!(ran.err.contains("its path is longer than 4096 bytes"), "{}", ran.err);
}

fn noise(length: usize) -> Vec<u8> {
    (0..length as u32 / 4).flat_map(|n| (n.wrapping_mul(2_654_435_761) ^ n >> 3 | 0x0101_0101).to_le_bytes()).collect()
}

#[test]
fn what_is_no_archive_behind_the_first_header_is_said() {
    let mut bytes = member("cluster/crs", SOUND.as_bytes());
    bytes.extend([b'?'; 4096]);
    let ran = check("broken.tar", &bytes);
    assert!(ran.err.contains("cannot read ../broken.tar: the archive is broken ("), "{}", ran.err);
    assert!(ran.err.contains("nothing is read after cluster/crs"), "{}", ran.err);
    assert_eq!(ran.code, UNREADABLE);
}

fn zipped(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, content) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn zip_files_are_held_to_the_same() {
    let ran = check("good.zip", &zipped(&[("cluster/crs", SOUND.as_bytes())]));
    assert_eq!((ran.code, ran.err.contains("1 object (1 file)")), (CLEAN, true), "{}", ran.err);

    let ran = check("out.zip", &zipped(&[("../../evil.yaml", SOUND.as_bytes())]));
    assert_says(&ran, UNREADABLE, "cannot read ../out.zip!../../evil.yaml: its path leads out of the archive");

    let zeroes = vec![b' '; 70 << 20];
    let bomb = zipped(&[("proxies/a/b/config_dump", &zeroes), ("cluster/crs", SOUND.as_bytes())]);
    let ran = check("bomb.zip", &bomb);
    assert!(ran.err.contains("../bomb.zip: it inflates to more than 100 times its size"), "{}", ran.err);

    let good = zipped(&[("cluster/crs", SOUND.as_bytes()), ("cluster/nodes", SOUND.as_bytes())]);
    let ran = check("cut.zip", &good[..good.len() / 2]);
    assert!(
        ran.err.contains("../cut.zip: the archive is cut off or broken: its directory cannot be read"),
        "{}",
        ran.err
    );
    assert_eq!(ran.code, UNREADABLE);

    // The data of the first member is damaged; the second is read.
    let mut damaged = good.clone();
    let data = 30 + "cluster/crs".len();
    damaged[data..data + 20].fill(0xff);
    let ran = check("damaged.zip", &damaged);
    assert_says(&ran, UNREADABLE, "cannot read ../damaged.zip!cluster/crs: its compressed data is broken");
    assert!(ran.err.contains("1 object (1 file)"), "{}", ran.err);

    // A directory that claims four thousand million members.
    let mut lies = good;
    let end = lies.len() - 22;
    let mut large = b"PK\x06\x06".to_vec();
    large.extend([0; 52]);
    large[32..40].copy_from_slice(&4_000_000_000u64.to_le_bytes());
    lies.splice(end..end, large);
    let ran = check("lies.zip", &lies);
    assert_says(
        &ran,
        UNREADABLE,
        "cannot read ../lies.zip: it has more than 200000 members; nothing is read at its beginning",
    );
}

#[test]
fn what_is_packed_by_something_else_is_said() {
    for (mark, packer) in [
        (&b"BZh91AY&SY\x3d\x08"[..], "bzip2"),
        (b"\xfd7zXZ\0\0\x04", "xz"),
        (b"\x28\xb5\x2f\xfd\x04\x58", "zstd"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "7-Zip"),
    ] {
        let ran = check("report.packed", &[mark, &noise(5000)].concat());
        let line = format!(
            "cannot read ../report.packed: it is packed by {packer}, which meshlint does not read; unpack it first"
        );
        assert_says(&ran, UNREADABLE, &line);
        assert_eq!(ran.out, "");
    }
    let ran = check("program", &[b"#!/bin/sh\nexit\n", &noise(5000)[..]].concat());
    assert_says(
        &ran,
        UNREADABLE,
        "cannot read ../program: it is binary: no manifest, no dump, and no archive that meshlint knows",
    );

    // Of a zip file, both headers of the member say how it is compressed.
    let mut other = zipped(&[("cluster/crs", SOUND.as_bytes())]);
    let directory = memchr::memmem::find(&other, b"PK\x01\x02").unwrap();
    other[8] = 12;
    other[directory + 10] = 12;
    let ran = check("bzip2.zip", &other);
    assert_says(
        &ran,
        UNREADABLE,
        "cannot read ../bzip2.zip!cluster/crs: it is compressed in a way that meshlint does not know",
    );
}

#[test]
fn control_characters_of_names_do_not_reach_the_terminal() {
    let ran = check("escape.tar", &ended(member("\x1b[2J/../evil.yaml", SOUND.as_bytes())));
    assert!(!ran.err.contains('\x1b') && ran.err.contains("?[2J/../evil.yaml"), "{:?}", ran.err);
    let named = check("escape2.tar", &ended(member("\x1b[2Jevil.yaml", b"apiVersion: v1\nkind: [")));
    assert!(!named.out.contains('\x1b') && !named.err.contains('\x1b'), "{:?}", named.out);
}
