//! `widgetario images` with programs that stand in for Docker and the clusters' own tools. What they
//! answer was recorded, or is what their documentation shows; the last test needs none of them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{cluster, error};

/// Digests of two configurations, of its manifest and of its index.
const NEW: &str = "sha256:446118d913bdf75f38f5df443a5c766872097c8f3e347bcd9d0f1471e7752930";
const OLD: &str = "sha256:16cd3c62d0316e143b34fca27a75f28afa4346cae3d8e6a26630944363bce1ae";
const MANIFEST: &str = "sha256:461331c2301184f4cf986fe6e2b9e27e5b3bceeac361a7075f172cb12a50bf15";
const INDEX: &str = "sha256:88c8d1a2e84d5bf9aea3724aba81d50d6ea69478ae1e41b5689c4fdba2625e7f";

const WEB: &str = "widgetario.invalid/web:0.1.0";
const STOCK: &str = "widgetario.invalid/stock-api:0.1.0";

/// A laptop whose programs are scripts in a folder, which also holds what they answer.
struct Laptop(TempDir);

impl Laptop {
    /// A laptop with a cluster of `nodes`, and no other program than `kubectl`.
    fn new(context: &str, nodes: &[Value]) -> Self {
        let laptop = Self(tempfile::tempdir().unwrap());
        let pod = |image: &str| json!({"spec": {"containers": [{"image": image}]}});
        let mesh = ["pilot", "proxyv2"]
            .map(|part| pod(&format!("registry.istio.io/release/{part}:1.31.0")));
        laptop.answer("nodes", &json!({"items": nodes}));
        laptop.answer("mesh", &json!({"items": mesh}));
        laptop.answer("pods", &json!({"items": []}));
        laptop.program(
            "kubectl",
            &format!(
                "*'config current-context') echo {context};;\n\
                 *'get --output=json nodes') /bin/cat $here/nodes;;\n\
                 *'get --output=json pods -n istio-system') /bin/cat $here/mesh;;\n\
                 *'get --output=json pods -n widgetario'*) /bin/cat $here/pods;;\n"
            ),
        );
        laptop
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// What a program answers when its script shows the file `name`.
    fn answer(&self, name: &str, value: &Value) {
        fs::write(self.path().join(name), value.to_string()).unwrap();
    }

    /// A program that answers as `cases` of its arguments say, fails in all others, and notes each call.
    fn program(&self, name: &str, cases: &str) {
        let here = self.path().display();
        let script = format!(
            "#!/bin/sh\nhere={here}\necho \"{name} $*\" >> $here/calls\n\
             case \"$*\" in\n{cases}*) echo \"no answer to $*\" >&2; exit 1;;\nesac\n"
        );
        cluster::program(self.path(), name, &script);
    }

    /// A Docker with web and stock-api alone, in the classic store.
    fn docker(&self, more: &str) {
        let image = |name: &str, id: &str| json!({"Id": id, "RepoTags": [name], "Size": 4_500_000});
        self.answer("inspected", &json!([image(WEB, NEW), image(STOCK, OLD)]));
        self.program(
            "docker",
            &format!(
                "version*) echo 1.50;;\n\
                 'image inspect'*) /bin/cat $here/inspected; exit 1;;\n\
                 'save --platform linux/amd64 {WEB}') echo archive of web;;\n{more}"
            ),
        );
    }

    fn images(&self, arguments: &[&str]) -> Output {
        cluster::on(self.path(), &[&["images"], arguments].concat())
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.path().join("calls")).unwrap_or_default()
    }
}

fn node(name: &str, runtime: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {}},
        "spec": {"providerID": ""},
        "status": {
            "nodeInfo": {"containerRuntimeVersion": runtime, "architecture": "amd64"},
            "images": [{"names": [WEB]}],
        },
    })
}

fn kind(name: &str) -> Value {
    let mut node = node(name, "containerd://2.1.3");
    node["spec"]["providerID"] = format!("kind://docker/shop/{name}").into();
    node
}

fn minikube(name: &str) -> Value {
    let mut node = node(name, "docker://28.4.0");
    node["metadata"]["labels"]["minikube.k8s.io/name"] = "shop".into();
    node
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The words of the table's row about an image.
fn row<'t>(table: &'t str, image: &str) -> Vec<&'t str> {
    let row = table.lines().find(|line| line.starts_with(image));
    let row = row.unwrap_or_else(|| panic!("no {image} in {table}"));
    row[image.len()..]
        .split("  ")
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect()
}

/// What `ctr images list` wrote on a node, with the digests of an image.
fn listed(name: &str, target: &str, configuration: &str) -> String {
    let row = |name: &str| {
        format!(
            "{name} application/vnd.oci.image.manifest.v1+json {target} 1.1 KiB linux/amd64 io.cri-containerd.image=managed"
        )
    };
    format!(
        "REF TYPE DIGEST SIZE PLATFORMS LABELS\n{}\n{}\n",
        row(configuration),
        row(name)
    )
}

#[test]
fn table_tells_for_each_node_what_is_there_what_is_stale_and_what_is_missing() {
    let laptop = Laptop::new(
        "kind-shop",
        &[kind("shop-control-plane"), kind("shop-worker")],
    );
    laptop.docker(
        "'exec shop-control-plane ctr --namespace k8s.io images list') /bin/cat $here/fresh;;\n\
         'exec shop-worker ctr --namespace k8s.io images list') /bin/cat $here/stale;;\n",
    );
    fs::write(laptop.path().join("fresh"), listed(WEB, MANIFEST, NEW)).unwrap();
    fs::write(laptop.path().join("stale"), listed(WEB, MANIFEST, OLD)).unwrap();
    let output = laptop.images(&[]);
    assert_eq!(output.status.code(), Some(1));
    let table = text(&output);
    assert_eq!(row(&table, WEB), ["4.50 MB", "there", "there", "stale"]);
    assert_eq!(
        row(&table, STOCK),
        ["4.50 MB", "there", "missing", "missing"]
    );
    // Commands of the talk run it in Docker, and pods of demo 6 on the nodes.
    assert_eq!(
        row(&table, "fortio/fortio:1.75.2"),
        ["-", "missing", "missing", "missing"]
    );
    assert_eq!(
        row(&table, "registry.istio.io/release/proxyv2:1.31.0")[1],
        "missing"
    );
    let last = table.lines().last().unwrap();
    assert!(
        last.contains("`docker compose build` makes them, and then `widgetario images load`"),
        "{last}"
    );
}

#[test]
fn image_in_the_store_of_containerd_is_known_by_its_index_and_by_its_manifest() {
    for (target, state) in [(INDEX, "there"), (MANIFEST, "there"), (OLD, "stale")] {
        let laptop = Laptop::new("kind-shop", &[kind("shop-control-plane")]);
        let image = |id: &str| json!([{"Id": id, "RepoTags": [WEB], "Size": 1, "Descriptor": {"digest": id}}]);
        laptop.answer("index", &image(INDEX));
        laptop.answer("manifest", &image(MANIFEST));
        laptop.program(
            "docker",
            "version*) echo 1.50;;\n\
             'image inspect --platform linux/amd64 '*) /bin/cat $here/manifest; exit 1;;\n\
             'image inspect'*) /bin/cat $here/index; exit 1;;\n\
             'exec shop-control-plane ctr --namespace k8s.io images list') /bin/cat $here/node;;\n",
        );
        fs::write(laptop.path().join("node"), listed(WEB, target, NEW)).unwrap();
        assert_eq!(
            row(&text(&laptop.images(&["list"])), WEB)[2],
            state,
            "{target}"
        );
    }
}

/// The answers of crictl and the words of minikube are those of their documentation.
#[test]
fn minikube_brings_an_image_to_all_its_nodes_by_its_own_command() {
    let laptop = Laptop::new("minikube", &[minikube("shop"), minikube("shop-m02")]);
    laptop.docker("");
    let image = |id: &str, name: &str| json!({"id": id, "repoTags": [name], "repoDigests": []});
    let stock = image(OLD, STOCK);
    laptop.answer("before", &json!({"images": [stock]}));
    laptop.answer("after", &json!({"images": [stock, image(NEW, WEB)]}));
    laptop.program(
        "minikube",
        "'--profile shop ssh --node '*' -- sudo crictl images --output json')\n\
         test -s $here/loaded && /bin/cat $here/after || /bin/cat $here/before;;\n\
         '--profile shop image load -') /bin/cat > $here/loaded;;\n",
    );
    let table = text(&laptop.images(&[]));
    assert_eq!(row(&table, WEB)[2..], ["missing", "missing"]);
    assert_eq!(row(&table, STOCK)[2..], ["there", "there"]);
    let output = laptop.images(&["load"]);
    let loaded = fs::read_to_string(laptop.path().join("loaded")).unwrap();
    assert_eq!(loaded, "archive of web\n");
    assert_eq!(
        laptop.calls().matches("image load").count(),
        1,
        "{}",
        text(&output)
    );
    assert!(
        text(&output).contains(&format!("shop: {WEB} loaded, 4.50 MB")),
        "{}",
        text(&output)
    );
}

/// The answer of nerdctl is the one of its documentation.
#[test]
fn where_there_is_no_docker_the_images_are_those_of_nerdctl_in_the_node() {
    let laptop = Laptop::new(
        "rancher-desktop",
        &[node("lima-rancher-desktop", "containerd://2.1.4")],
    );
    let native = json!([{"Image": {"Name": WEB, "Target": {"digest": MANIFEST}}, "ImageConfigDesc": {"digest": NEW}}]);
    laptop.answer("native", &native);
    laptop.program(
        "nerdctl",
        &format!(
            "'--namespace k8s.io image inspect --mode native {WEB}') /bin/cat $here/native;;\n"
        ),
    );
    let table = text(&laptop.images(&[]));
    assert_eq!(
        row(&table, "image"),
        ["size", "containerd", "lima-rancher-desktop"]
    );
    assert_eq!(row(&table, WEB), ["-", "there", "there"]);
    assert!(
        table.contains("`nerdctl --namespace k8s.io compose build` makes them"),
        "{table}"
    );
    let load = laptop.images(&["load"]);
    assert!(text(&load).contains("nothing to load"), "{load:?}");
}

#[test]
fn node_that_takes_no_images_is_not_compared_and_load_says_what_to_do() {
    let mut pi = node("pi", "containerd://2.1.5-k3s1");
    pi["spec"]["providerID"] = "k3s://pi".into();
    let laptop = Laptop::new("pi", &[pi]);
    laptop.docker("");
    let table = text(&laptop.images(&[]));
    assert_eq!(row(&table, WEB)[2], "there (not compared)");
    assert_eq!(row(&table, STOCK)[2], "missing");
    let error = error(&laptop.images(&["load", "--context", "pi"]));
    assert!(
        error.contains("no way is known to load images into a node of k3s"),
        "{error}"
    );
}

#[test]
fn cluster_that_uses_dockers_own_images_needs_no_load() {
    let laptop = Laptop::new(
        "docker-desktop",
        &[node("docker-desktop", "docker://28.5.1")],
    );
    laptop.docker("");
    let table = text(&laptop.images(&[]));
    assert_eq!(row(&table, WEB)[1..], ["there", "there"]);
    assert!(
        table
            .lines()
            .last()
            .unwrap()
            .ends_with("`docker compose build` makes them"),
        "{table}"
    );
    assert!(text(&laptop.images(&["load"])).contains("nothing to load"));
}

#[test]
fn nothing_is_brought_to_a_cluster_that_nobody_agreed_to() {
    let laptop = Laptop::new("production", &[kind("node")]);
    laptop.docker("");
    for action in ["load", "pull"] {
        let error = error(&laptop.images(&[action]));
        assert!(
            error.contains("production, which is no laptop's"),
            "{error}"
        );
    }
    assert!(!laptop.calls().contains("docker"), "{}", laptop.calls());
}

#[test]
fn image_that_cannot_be_fetched_is_named_with_the_reason() {
    let laptop = Laptop::new("pi", &[node("pi", "containerd://2.1.5-k3s1")]);
    laptop.docker("'pull --quiet --platform linux/amd64 busybox:1.37.0') ;;\n");
    let output = laptop.images(&["pull", "--context", "pi"]);
    assert_eq!(output.status.code(), Some(1));
    let text = text(&output);
    assert!(text.contains("docker: busybox:1.37.0 fetched\n"), "{text}");
    assert!(
        text.contains("docker: quay.io/kiali/kiali:v2.27 FAILED: no answer to pull"),
        "{text}"
    );
}

#[test]
fn archive_replaces_no_file_and_is_not_begun_while_an_image_is_missing() {
    let laptop = Laptop::new("kind-shop", &[kind("shop-control-plane")]);
    laptop.docker("");
    let file = laptop.path().join("images.tar");
    let name = file.to_str().unwrap();
    let missing = error(&laptop.images(&["save", name]));
    assert!(
        missing.contains("docker does not have widgetario.invalid/products-api:0.1.0, "),
        "{missing}"
    );
    fs::write(&file, "mine").unwrap();
    let there = error(&laptop.images(&["save", name]));
    assert!(
        there.contains("is there already: choose another name, or add `--force`"),
        "{there}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    assert!(!laptop.path().join("images.tar.partial").exists());
}

/// The engine that `DOCKER_HOST` names, and two containers that run containerd as the nodes of a
/// cluster that kind made do, which are removed with this.
struct Engine {
    host: String,
    program: std::path::PathBuf,
}

const NODES: [&str; 2] = ["widgetario-test-control-plane", "widgetario-test-worker"];

impl Engine {
    fn docker(&self, arguments: &[&str]) -> Output {
        let mut docker = Command::new(&self.program);
        docker
            .env("DOCKER_HOST", &self.host)
            .args(arguments)
            .output()
            .unwrap()
    }

    fn run(&self, arguments: &[&str]) -> String {
        let output = self.docker(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        text(&output)
    }

    /// Makes an image that holds one file.
    fn build(&self, name: &str, content: &str) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("content"), content).unwrap();
        fs::write(
            folder.path().join("Dockerfile"),
            "FROM scratch\nCOPY content /\nCMD [\"/content\"]\n",
        )
        .unwrap();
        self.run(&[
            "build",
            "--quiet",
            "--tag",
            name,
            folder.path().to_str().unwrap(),
        ]);
    }

    fn start_nodes(&self) {
        let folder = tempfile::tempdir().unwrap();
        let dockerfile = "FROM debian:bookworm-slim\n\
            RUN apt-get update && apt-get install --yes --no-install-recommends containerd\n\
            VOLUME /var/lib/containerd\nCMD [\"containerd\"]\n";
        fs::write(folder.path().join("Dockerfile"), dockerfile).unwrap();
        let tag = "widgetario-test/node";
        self.run(&[
            "build",
            "--quiet",
            "--network",
            "host",
            "--tag",
            tag,
            folder.path().to_str().unwrap(),
        ]);
        for node in NODES {
            self.run(&[
                "run",
                "--detach",
                "--privileged",
                "--network",
                "none",
                "--name",
                node,
                tag,
            ]);
            let begin = std::time::Instant::now();
            while !self
                .docker(&["exec", node, "ctr", "version"])
                .status
                .success()
            {
                assert!(
                    begin.elapsed() < std::time::Duration::from_secs(30),
                    "{node}"
                );
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        for node in NODES {
            self.docker(&["rm", "--force", "--volumes", node]);
        }
    }
}

fn engine() -> Engine {
    // Not DOCKER_HOST, which some have set to the engine that they work with.
    let host = std::env::var("WIDGETARIO_TEST_DOCKER_HOST");
    let host = host.expect("WIDGETARIO_TEST_DOCKER_HOST names an engine that may be changed");
    let path = std::env::var_os("PATH").unwrap();
    let mut folders = std::env::split_paths(&path).map(|folder| folder.join("docker"));
    let program = folders
        .find(|program| program.exists())
        .expect("docker is on PATH");
    Engine { host, program }
}

#[test]
#[ignore = "replaces the shop's images in the Docker engine that WIDGETARIO_TEST_DOCKER_HOST names"]
fn real_nodes_get_the_images_that_they_lack_and_newer_ones_later() {
    let engine = engine();
    let laptop = Laptop::new("kind-shop", &NODES.map(kind));
    let (docker, host) = (engine.program.display(), &engine.host);
    laptop.program(
        "docker",
        &format!("*) DOCKER_HOST={host} exec {docker} \"$@\";;\n"),
    );
    let shop = walkthrough::images::shop();
    for name in &shop {
        engine.build(name, "1");
    }
    engine.start_nodes();
    let states = |image: &str| {
        let table = text(&laptop.images(&[]));
        row(&table, image)[2..]
            .iter()
            .map(|state| (*state).to_owned())
            .collect::<Vec<_>>()
    };
    let load = |arguments: &[&str]| {
        let output = laptop.images(&[&["load"], arguments].concat());
        assert!(output.status.success(), "{output:?}");
        text(&output)
    };
    for name in &shop {
        assert_eq!(states(name), ["missing", "missing"], "{name}");
    }
    assert_eq!(load(&[]).matches(" loaded, ").count(), 8);
    for name in &shop {
        assert_eq!(states(name), ["there", "there"], "{name}");
    }
    assert_eq!(load(&[]).matches(" there already").count(), 8);

    let id = engine.run(&[
        "exec",
        NODES[0],
        "ctr",
        "--namespace",
        "k8s.io",
        "images",
        "list",
        "--quiet",
    ]);
    let id = id
        .lines()
        .find(|name| name.starts_with("sha256:"))
        .unwrap()
        .to_owned();
    laptop.answer("pods", &json!({"items": [{
        "metadata": {"labels": {"pod-template-hash": "7c9"}, "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7c9"}]},
        "spec": {"containers": [{"name": "web", "image": WEB}]},
        "status": {"containerStatuses": [{"name": "web", "imageID": id, "state": {"running": {}}}]},
    }]}));
    engine.build(WEB, "2");
    assert_eq!(states(WEB), ["stale", "stale"]);
    assert_eq!(states(STOCK), ["there", "there"]);
    let loaded = load(&[]);
    assert_eq!(loaded.matches(" loaded, ").count(), 2, "{loaded}");
    assert!(
        loaded.contains("`kubectl rollout restart deployment/web -n widgetario`"),
        "{loaded}"
    );
    assert_eq!(states(WEB), ["there", "there"]);

    let table = text(&laptop.images(&[]));
    let names = table
        .lines()
        .skip(1)
        .map_while(|line| line.split_whitespace().next());
    let others: Vec<&str> = names
        .filter(|name| !shop.iter().any(|ours| ours == name))
        .collect();
    for name in &others {
        engine.build(name, name);
    }
    let file = laptop.path().join("images.tar");
    let saved = laptop.images(&["save", file.to_str().unwrap()]);
    assert!(saved.status.success(), "{saved:?}");
    for name in others
        .iter()
        .copied()
        .chain(shop.iter().map(String::as_str))
    {
        engine.run(&["rmi", "--force", name]);
    }
    load(&[file.to_str().unwrap()]);
    assert_eq!(states("busybox:1.37.0"), ["there", "there"]);
    for name in others {
        engine.run(&["rmi", "--force", name]);
    }
}
