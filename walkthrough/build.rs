//! Lists the files of the repository that the program brings along, for `src/repository/copy.rs`.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What the walkthrough needs of the repository. `/` stands between the parts of a path.
const FOLDERS: [&str; 3] = ["docs", "istio", "k8s"];

fn main() -> io::Result<()> {
    let variable = |name| env::var(name).map_err(io::Error::other);
    let root = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("..");
    let mut entries = Vec::new();
    for folder in FOLDERS {
        // Cargo looks at all files below it.
        println!("cargo::rerun-if-changed={}", root.join(folder).display());
        for file in files(&root, folder)? {
            let content = root.join(&file).display().to_string();
            entries.push(format!("({file:?}, include_bytes!({content:?}))"));
        }
    }
    let list = format!("[{}]", entries.join(",\n"));
    fs::write(PathBuf::from(variable("OUT_DIR")?).join("copy.rs"), list)
}

/// The paths of all files in `folder` and below, from `root`, in their order.
fn files(root: &Path, folder: &str) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().into_string();
        let name =
            name.map_err(|name| io::Error::other(format!("{} is no text", name.display())))?;
        let path = format!("{folder}/{name}");
        if entry.file_type()?.is_dir() {
            files.extend(self::files(root, &path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
