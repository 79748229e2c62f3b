//! Programs that stand in for those that reach a cluster.
#![cfg(unix)]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::root;

/// A cluster whose context has a name: whatever else is asked is noted, and fails.
pub(crate) fn away(context: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let kubectl = format!(
        "#!/bin/sh\ncase \"$*\" in\n\"config current-context\") echo {context};;\n\
         *) echo \"kubectl $*\" >> {0}/asked; echo 'the cluster is away' >&2; exit 1;;\nesac\n",
        folder.path().display()
    );
    program(folder.path(), "kubectl", &kubectl);
    program(folder.path(), "istioctl", "#!/bin/sh\nexit 1\n");
    folder
}

/// Makes a program of a script in `folder`.
///
/// Another process writes it. If this one did, a process that another test starts at that moment
/// could hold the file open for writing, and Linux would refuse to run it: "Text file busy".
pub(crate) fn program(folder: &Path, name: &str, script: &str) {
    let mut writer = Command::new("sh")
        .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
        .arg(folder.join(name))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = writer.stdin.take().unwrap();
    input.write_all(script.as_bytes()).unwrap();
    drop(input);
    assert!(writer.wait().unwrap().success());
}

/// Runs the command where `folder` holds all programs that it may start.
pub(crate) fn on(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_widgetario"));
    let command = command.env("KUBECONFIG", "/nowhere").env("PATH", folder);
    command
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap()
}

/// A cluster that agrees to everything, and holds nothing but a mesh with ztunnel and the `namespace`, which
/// is in ambient. An `istioctl` is noted in the file `installed`.
pub(crate) fn with_ztunnel_for(namespace: &str) -> tempfile::TempDir {
    let folder = away("kind-shop");
    let kubectl = format!(
        "#!/bin/sh\ncase \"$*\" in\n\"config current-context\") echo kind-shop;;\n\
         *\" daemonset ztunnel \"*) echo daemonset.apps/ztunnel;;\n\
         *\" namespaces -l istio.io/dataplane-mode=ambient\"*)\n\
         echo '{{\"items\":[{{\"metadata\":{{\"name\":\"{namespace}\"}}}}]}}';;\n\
         *\"get --output=json \"*) echo '{{\"items\":[]}}';;\nesac\n"
    );
    program(folder.path(), "kubectl", &kubectl);
    let istioctl = format!(
        "#!/bin/sh\necho \"$*\" >> {}/installed\n",
        folder.path().display()
    );
    program(folder.path(), "istioctl", &istioctl);
    folder
}

/// A cluster that agrees to everything and holds nothing, and a `docker` whose load no signal ends,
/// as on Windows: only its container can be removed.
pub(crate) fn under_load() -> tempfile::TempDir {
    let folder = away("kind-shop");
    let scripts = [
        (
            "kubectl",
            "#!/bin/sh\ncase \"$*\" in\n\"config current-context\") echo kind-shop;;\n\
             *\"get --output=json \"*) echo '{\"items\":[]}';;\nesac\n"
                .to_owned(),
        ),
        (
            "docker",
            format!(
                "#!/bin/sh\ncase \"$*\" in\n\"container rm --force widgetario-load\")\n\
                 test -s {0}/load && read load < {0}/load && kill -9 $load;;\n\
                 \"container run --name widgetario-load --rm \"*)\n\
                 trap '' INT TERM; echo $$ > {0}/load; while :; do /bin/sleep 0.1; done;;\nesac\n",
                folder.path().display()
            ),
        ),
    ];
    for (name, script) in scripts {
        program(folder.path(), name, &script);
    }
    folder
}
