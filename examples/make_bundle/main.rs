//! Makes a bug report of a large mesh, and measures what reading it costs at least.
//!
//!     cargo run --release --example make_bundle -- make FILE.tar.gz [PROXIES [SERVICES]]
//!     cargo run --release --example make_bundle -- inflate FILE.tar.gz
//!
//! `make` writes 300 proxies of 1.5 MB each. `inflate` only inflates, with the library that
//! meshlint uses, and prints how long that took: five times, the fastest and the median.

#![allow(clippy::print_stdout)] // its output is what it is for

mod generate;

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::time::Instant;

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<usize>().map_err(io::Error::other);
    match words[..] {
        ["make", file] => make(file, generate::Mesh { proxies: 300, services: 335 }),
        ["make", file, proxies] => make(file, generate::Mesh { proxies: number(proxies)?, services: 335 }),
        ["make", file, proxies, services] => {
            make(file, generate::Mesh { proxies: number(proxies)?, services: number(services)?.max(2) })
        }
        ["inflate", file] => inflate(file),
        _ => Err(io::Error::other("make FILE.tar.gz [PROXIES [SERVICES]], or inflate FILE.tar.gz")),
    }
}

fn make(file: &str, mesh: generate::Mesh) -> io::Result<()> {
    let mut archive = tar::Builder::new(GzEncoder::new(File::create(file)?, Compression::default()));
    mesh.write(|path, text| {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(generate::CAPTURED);
        archive.append_data(&mut header, path, text.as_bytes())
    })?;
    archive.into_inner()?.finish()?;
    Ok(())
}

fn inflate(file: &str) -> io::Result<()> {
    let mut times = Vec::new();
    let mut size = 0;
    for _ in 0..5 {
        let start = Instant::now();
        let mut stream = MultiGzDecoder::new(BufReader::with_capacity(128 << 10, File::open(file)?));
        let mut buffer = vec![0; 128 << 10];
        size = 0;
        loop {
            match stream.read(&mut buffer)? {
                0 => break,
                count => size += count,
            }
        }
        times.push(start.elapsed().as_millis());
    }
    times.sort_unstable();
    let (fastest, median) = (times.first().copied().unwrap_or(0), times.get(2).copied().unwrap_or(0));
    println!("{} MB inflated in {fastest} ms (median {median} ms)", size / 1_000_000);
    Ok(())
}
