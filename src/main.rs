//! The command line of meshlint. Everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    meshlint::commands::main()
}

#[global_allocator]
static GLOBAL: mimalloc::MiMalloc = mimalloc::MiMalloc;
