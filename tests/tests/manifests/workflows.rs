//! What the workflows name twice is the same, and what they run of others cannot change.

use walkthrough::images::NAMES;

use crate::{files, read};

/// The text after `start` in each line of all workflows that has it.
fn after(start: &str) -> Vec<String> {
    let texts = files(".github/workflows", ".yml").into_iter().map(read);
    let lines: Vec<String> = texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let found = lines.iter().filter_map(|line| line.split(start).nth(1));
    let found: Vec<_> = found.map(str::to_owned).collect();
    assert!(!found.is_empty(), "{start}");
    found
}

/// A tag can be moved to another commit, by whoever owns the action or breaks in there.
#[test]
fn every_action_is_named_by_its_commit_and_its_version() {
    for action in after("uses: ") {
        let (_, rest) = action.split_once('@').unwrap();
        let (commit, version) = rest.split_once(" # v").expect(&action);
        let is_commit = commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(is_commit && !version.is_empty(), "{action}");
    }
}

#[test]
fn changes_are_checked_with_the_rust_that_builds_the_images() {
    let dockerfile = read("Dockerfile");
    let version = |image: &str| image.split('-').next().unwrap().to_owned();
    let builds = version(dockerfile.split(" rust:").nth(1).unwrap());
    for image in after("image: rust:") {
        assert_eq!(version(&image), builds);
    }
}

#[test]
fn release_has_all_images_of_the_shop() {
    let expected = format!("{}; do", NAMES.join(" "));
    for names in after("for name in ") {
        assert_eq!(names, expected);
    }
}
