//! Whether demo 7 can put the shop into Istio's ambient mode.

use super::Finding;
use super::cluster::Cluster;
use crate::cluster::ambient::Ambient;

/// Ambient runs on this kind of cluster. It is no obstacle for the other demos if not.
pub(super) fn check(cluster: &Cluster) -> Finding {
    judge(&Ambient::on(&cluster.nodes), cluster.distribution.name())
}

fn judge(ambient: &Ambient, cluster: &str) -> Finding {
    match ambient {
        Ambient::Runs([]) => Finding::Fine(format!("on {cluster} it needs no setting")),
        Ambient::Runs(settings) => {
            let settings: Vec<String> = settings.iter().map(|set| format!("--set {set}")).collect();
            Finding::Fine(format!(
                "on {cluster} Istio needs `{}`, which `widgetario run` adds",
                settings.join(" ")
            ))
        }
        Ambient::Fails(because) => Finding::Later(format!(
            "{because}. Demos 1 to 6 need none of it; `--without ambient` leaves these stages out"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_without_ambient_is_no_obstacle_and_hears_what_to_do() {
        let Finding::Later(text) = judge(&Ambient::Fails("it breaks pods"), "x") else {
            panic!("it is an obstacle");
        };
        assert!(text.starts_with("it breaks pods. "), "{text}");
        assert!(text.contains("`--without ambient`"), "{text}");
    }

    #[test]
    fn settings_are_written_as_they_are_typed() {
        let Finding::Fine(text) = judge(&Ambient::Runs(&["a=1", "b=2"]), "k3d") else {
            panic!("it does not run");
        };
        assert!(text.contains("`--set a=1 --set b=2`"), "{text}");
    }
}
