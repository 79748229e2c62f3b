//! What `docker compose` gives each container, and what its images hold.

use crate::{files, read, yaml};

#[test]
fn every_container_of_docker_compose_has_bounds() {
    let compose = &yaml("docker-compose.yml")[0];
    let services = compose["services"].as_object().unwrap();
    assert_eq!(services.len(), 5);
    for (name, service) in services {
        let has = |field: &str| !service[field].is_null();
        let bounds = ["mem_limit", "pids_limit", "logging", "read_only"];
        assert!(bounds.into_iter().all(has), "{name}");
    }
    let jaeger = services["jaeger"]["command"][0].as_str().unwrap();
    assert!(jaeger.contains("max_traces="), "{jaeger}");
}

/// The modes of a checkout's files follow the umask: after 077, no other user may read them.
#[test]
fn image_gives_modes_of_its_own_to_what_it_takes_from_the_checkout() {
    for path in files("db", "Dockerfile") {
        let text = read(path);
        let copies = text.lines().filter(|line| line.starts_with("COPY "));
        for copy in copies {
            assert!(copy.starts_with("COPY --chmod="), "{copy}");
        }
    }
    // The other Dockerfile copies the checkout into its first stage alone, where root reads it; the
    // others take the programs that cargo made there.
    let text = read("Dockerfile");
    let mut stages = text.split("\nFROM ").skip(2);
    let copied = stages.all(|stage| {
        let mut copies = stage.lines().filter(|line| line.starts_with("COPY "));
        copies.all(|copy| copy.starts_with("COPY --from=build "))
    });
    assert!(copied);
}
