//! The resource requests of the shop: what it needs of a laptop.

use crate::{containers, files, text, yaml};

/// Millicores.
fn cores(quantity: &str) -> u64 {
    quantity.strip_suffix('m').unwrap().parse().unwrap()
}

fn mebibytes(quantity: &str) -> u64 {
    quantity.strip_suffix("Mi").unwrap().parse().unwrap()
}

#[test]
fn shop_with_its_database_asks_for_a_tenth_of_a_core_and_160_mebibytes_at_most() {
    let objects: Vec<_> = files("k8s", ".yaml").into_iter().flat_map(yaml).collect();
    let containers: Vec<_> = objects.iter().flat_map(containers).collect();
    assert_eq!(containers.len(), 4);
    let sum = |pointer, read: fn(&str) -> u64| -> u64 {
        let requests = containers.iter().map(|container| text(container, pointer));
        requests.map(read).sum()
    };
    assert!(sum("/resources/requests/cpu", cores) <= 100);
    assert!(sum("/resources/requests/memory", mebibytes) <= 160);
}
