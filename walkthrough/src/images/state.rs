//! What every node has of what is needed.

use serde_json::Value;

use super::engine::{BUILD, Engine, EngineImage};
use super::ids::Ids;
use super::names::{Needed, User, canonical};
use super::nodes::{Access, Node, NodeImages, Nodes};

/// An image as it is in a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The same as in the engine.
    There,
    /// An image of that name; whether it is the engine's cannot be told.
    NotCompared,
    /// Another image of that name than the engine's.
    Stale,
    Missing,
    /// The node lists its largest images only, and not this one.
    NotListed,
    /// No node needs it.
    NotNeeded,
}

/// Which images are needed, and where each of them is.
pub(crate) struct Inventory {
    pub(super) needed: Vec<Needed>,
    pub(super) nodes: Nodes,
    /// The Docker engine, or why it cannot be asked.
    pub(super) engine: anyhow::Result<Engine>,
    /// What each node has, in the order of `nodes`.
    images: Vec<NodeImages>,
}

impl State {
    /// The state of the image `name`, as the engine and a node have it.
    pub(super) fn of(engine: Option<&EngineImage>, node: &NodeImages, name: &str) -> Self {
        match (node.ids.get(&canonical(name)), engine) {
            (None, _) if node.is_complete => Self::Missing,
            (None, _) => Self::NotListed,
            (Some(ids), engine) => match engine.and_then(|image| image.ids.are_of_one_image(ids)) {
                Some(true) => Self::There,
                Some(false) => Self::Stale,
                None => Self::NotCompared,
            },
        }
    }

    /// A word for it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::There => "there",
            Self::NotCompared => "there (not compared)",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::NotListed => "not listed",
            Self::NotNeeded => "-",
        }
    }
}

impl Inventory {
    /// Asks the engine and each node; `list` is what `kubectl get nodes` writes.
    pub(super) fn take(needed: Vec<Needed>, list: &Value) -> anyhow::Result<Self> {
        let mut nodes = Nodes::of(list);
        let names: Vec<&str> = needed.iter().map(|image| image.name.as_str()).collect();
        let engine = Engine::of(&mut nodes, &names);
        let images = nodes.nodes.iter().map(|node| node.images(&names));
        Ok(Self {
            images: images.collect::<anyhow::Result<_>>()?,
            needed,
            nodes,
            engine,
        })
    }

    /// The image of that name in the engine.
    pub(super) fn in_engine(&self, name: &str) -> Option<&EngineImage> {
        self.engine.as_ref().ok()?.image(name)
    }

    /// The state of an image in the node at `position`.
    pub(super) fn state(&self, image: &Needed, position: usize) -> State {
        let engine = self.in_engine(&image.name);
        match self.nodes.nodes[position].access {
            _ if image.user == User::Docker => State::NotNeeded,
            Access::Engine if engine.is_some() => State::There,
            Access::Engine => State::Missing,
            _ => State::of(engine, &self.images[position], &image.name),
        }
    }

    /// The nodes, each with its position.
    pub(super) fn positions(&self) -> impl Iterator<Item = (usize, &Node)> {
        self.nodes.nodes.iter().enumerate()
    }

    /// The digests by which the engine and the nodes know an image now.
    pub(super) fn ids(&self, name: &str) -> Vec<&str> {
        let engine = self.in_engine(name).map(|image| &image.ids);
        let nodes = self
            .images
            .iter()
            .filter_map(|node| node.ids.get(&canonical(name)));
        engine.into_iter().chain(nodes).flat_map(Ids::all).collect()
    }

    /// The images that some node has in one of `states`.
    pub(super) fn with(&self, states: &[State]) -> Vec<&Needed> {
        let is_in = |image: &&Needed| {
            let mut found = self
                .positions()
                .map(|(position, _)| self.state(image, position));
            found.any(|state| states.contains(&state))
        };
        self.needed.iter().filter(is_in).collect()
    }

    /// How many images every node has, as a sentence's part.
    pub(crate) fn summary(&self) -> String {
        let (images, nodes) = (self.needed.len(), self.nodes.nodes.len());
        let of = self.nodes.distribution.name();
        let doubt = self.doubt();
        let place = match nodes {
            1 => "the node".to_owned(),
            _ => format!("each of {nodes} nodes"),
        };
        format!("{images} in {place} of {of}{doubt}")
    }

    /// What cannot be seen, as a sentence's end; nothing where all can.
    pub(super) fn doubt(&self) -> String {
        match self.with(&[State::NotCompared, State::NotListed]).len() {
            0 => String::new(),
            count => format!("; of {count} it cannot be seen whether they are the newest"),
        }
    }

    /// What is missing or stale of the shop, and what to type; nothing when each node has the images
    /// that the engine has.
    pub(crate) fn remedy(&self) -> Option<String> {
        let of_the_shop = |states: &[State]| -> Vec<&str> {
            let images = self.with(states).into_iter();
            let ours = images.filter(|image| image.is_of_the_shop());
            ours.map(|image| image.name.as_str()).collect()
        };
        let build = self.engine.as_ref().map_or(BUILD.to_owned(), Engine::build);
        let (missing, stale) = (of_the_shop(&[State::Missing]), of_the_shop(&[State::Stale]));
        let mut found = Vec::new();
        if !missing.is_empty() {
            found.push(format!("{} missing in a node", missing.join(", ")));
        }
        if !stale.is_empty() {
            found.push(format!(
                "{} another in a node than in Docker",
                stale.join(", ")
            ));
        }
        let found = (!found.is_empty()).then(|| found.join("; "))?;
        let is_built = missing.iter().all(|name| self.in_engine(name).is_some());
        let shares = self
            .nodes
            .nodes
            .iter()
            .all(|node| node.access == Access::Engine);
        let load = "`widgetario images load`";
        if let Some(hint) = self.nodes.out_of_reach() {
            return Some(format!("{found}; {hint}"));
        }
        Some(match (is_built, shares) {
            (true, _) => format!("{found}: {load}"),
            (false, true) => format!("{found}: `{build}` makes them"),
            (false, false) => format!("{found}: `{build}` makes them, and then {load}"),
        })
    }
}
