//! Compiles the protos without protoc: messages, clients and servers, and the descriptor set.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=elenchus");
    println!("cargo:rerun-if-changed=google");

    let mut files = Vec::new();
    collect(Path::new("elenchus"), &mut files)?;
    files.sort();

    let mut compiler = protox::Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;

    // Encoded before prost-types sees it: prost-types drops `google.api.http`.
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out_dir.join("elenchus.binpb"), compiler.encode_file_descriptor_set())?;

    tonic_prost_build::configure()
        .emit_rerun_if_changed(false)
        .include_file("elenchus.rs")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

/// Every proto file below `folder`, as the compiler wants it named.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
