//! Disks and folders that PostgreSQL cannot use, each named as what it is.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;
use testkit::up::data_folder;

use crate::refusals::refusal;
use crate::{start_shop, up};

/// The folder `widgetario` of the cache, with PostgreSQL's programs.
fn cache() -> PathBuf {
    let programs = local_postgres::installation::install(|_, _| ()).unwrap();
    programs.ancestors().nth(2).unwrap().to_owned()
}

/// `up` after the shell commands `mounts`, in which `$1` is `folder`; no other process sees what
/// they mount. Nothing where this user may not mount.
fn mounted(folder: &Path, mounts: &str) -> Option<Command> {
    let up = up(folder, &[]);
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-ec"]);
    command.arg(format!("{mounts}\nshift\nexec \"$@\""));
    command.arg("sh").arg(folder).arg(up.get_program());
    command.args(up.get_args());
    for (name, value) in up.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    geteuid().is_root().then_some(command)
}

#[test]
fn full_disk_is_named_and_loses_nothing() {
    let folder = data_folder();
    cache(); // installed on a disk that is not full
    for size in ["1m", "2m", "20m", "30m"] {
        let mount = format!("mount -t tmpfs -o size={size},mode=755 tmpfs \"$1\"");
        let Some(mut command) = mounted(folder.path(), &mount) else {
            return;
        };
        let said = refusal(&mut command);
        assert!(
            said.contains("the disk is full: make room on it"),
            "{size}: {said}"
        );
        assert!(!said.contains("--fresh"), "{size}: {said}");
    }
}

#[test]
fn disk_only_for_reading_is_named() {
    let folder = data_folder();
    let mount = "mount -t tmpfs -o ro tmpfs \"$1\"";
    if let Some(mut command) = mounted(folder.path(), mount) {
        let said = refusal(&mut command);
        assert!(said.contains("nothing can be written there"), "{said}");
        assert!(said.ends_with("with WIDGETARIO_DATA_HOME"), "{said}");
    }
}

#[test]
fn disk_without_programs_is_named() {
    let folder = data_folder();
    let cache = cache();
    fs::create_dir_all(folder.path().join("cache/widgetario")).unwrap();
    let mount = format!(
        "mount --bind '{}' \"$1/cache/widgetario\"
         mount -o remount,bind,noexec \"$1/cache/widgetario\"",
        cache.display()
    );
    if let Some(mut command) = mounted(folder.path(), &mount) {
        command.env("WIDGETARIO_CACHE_HOME", folder.path().join("cache"));
        let said = refusal(&mut command);
        assert!(said.contains("it is mounted `noexec`"), "{said}");
        assert!(said.ends_with("with WIDGETARIO_CACHE_HOME"), "{said}");
    }
}

#[test]
fn data_may_be_in_a_folder_of_any_name() {
    for name in ["a$b`c", "qu'o\"te s", "per%cent&;", "-rf", "back\\slash"] {
        let folder = data_folder();
        let named = folder.path().join(name);
        fs::create_dir(&named).unwrap();
        let mut up = start_shop(&named, &[]);
        assert!(up.content().contains(r#""stock":600"#), "{name}");
        up.stop();
    }
}

#[test]
fn folders_that_postgresqls_programs_cannot_name_are_named() {
    let folder = data_folder();
    let cache_home = folder.path().join("ca$he");
    fs::create_dir(&cache_home).unwrap();
    symlink(cache(), cache_home.join("widgetario")).unwrap();
    let said = refusal(up(folder.path(), &[]).env("WIDGETARIO_CACHE_HOME", cache_home));
    assert!(said.contains("because of the '$' in that path"), "{said}");
    assert!(said.ends_with("with WIDGETARIO_CACHE_HOME"), "{said}");

    let long = ["x"; 5].map(|x| x.repeat(200)).join("/");
    let said = refusal(&mut up(&folder.path().join(long), &[]));
    assert!(said.contains("the path is too long: shorten it"), "{said}");
}
