//! What the commands of a stage do to the cluster, as far as other stages need to know it.

use super::Line;

/// What a command does to the cluster; a `PATH` is that of a file, or of a folder with files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change<'a> {
    /// `kubectl apply -f PATH`: its objects are there.
    Apply(&'a str),
    /// `kubectl delete -f PATH`, also with `--ignore-not-found`: they are not.
    Delete(&'a str),
    /// `kubectl apply --server-side -f PATH`: the cluster knows the kinds that it defines, and never
    /// forgets them, because other programs may use them.
    Define(&'a str),
    /// `istioctl install …`: the mesh is what this command makes.
    Install(&'a Line),
}

impl<'a> Change<'a> {
    /// What the command of a `line` does; `None` for one that changes nothing of what stages need.
    pub(crate) fn of(line: &'a Line) -> Option<Self> {
        let words: Vec<&'a str> = line.iter().map(String::as_str).collect();
        match words[..] {
            ["kubectl", "apply", "-f", path] => Some(Self::Apply(path)),
            ["kubectl", "apply", "--server-side", "-f", path] => Some(Self::Define(path)),
            ["kubectl", "delete", "-f", path]
            | ["kubectl", "delete", "--ignore-not-found", "-f", path] => Some(Self::Delete(path)),
            ["istioctl", "install", ..] => Some(Self::Install(line)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_change_what_stages_need_are_told_from_others() {
        let line = |text: &str| text.split(' ').map(str::to_owned).collect::<Line>();
        let change = |text: &str| format!("{:?}", Change::of(&line(text)));
        assert_eq!(
            change("kubectl delete --ignore-not-found -f a.yaml"),
            change("kubectl delete -f a.yaml")
        );
        let kinds = line("kubectl apply --server-side -f kinds.yaml");
        assert_eq!(Change::of(&kinds), Some(Change::Define("kinds.yaml")));
        let mesh = line("istioctl install --set profile=demo -y");
        assert_eq!(Change::of(&mesh), Some(Change::Install(&mesh)));
        for other in [
            "kubectl get pods",
            "istioctl version",
            "curl http://localhost:8010",
        ] {
            assert_eq!(Change::of(&line(other)), None, "{other}");
        }
    }
}
