//! The table of all images, and where each of them is.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context;
use chassis::say;

use super::engine::Engine;
use super::istio;
use super::names::{self, User};
use super::state::{Inventory, State};
use crate::cluster::NO_CLUSTER;
use crate::cluster::kubectl::get;

/// Writes the table, and what to type; the status is 1 when a node lacks an image of the shop, or has
/// another one than the engine.
pub(super) fn list() -> anyhow::Result<ExitCode> {
    let nodes = get(&["nodes"]).context(NO_CLUSTER)?;
    let (of_istio, unknown) = match istio::images() {
        Ok(images) => (images, None),
        Err(error) => (BTreeSet::new(), Some(error)),
    };
    let inventory = Inventory::take(names::of_the_walkthrough(&of_istio)?, &nodes)?;
    for row in aligned(&rows(&inventory)) {
        say!("{row}")?;
    }
    say!("")?;
    if let Some(error) = unknown {
        say!("Istio's own images are left out: {error:#}")?;
    }
    if let Err(error) = &inventory.engine {
        say!("{error:#}")?;
    }
    if let Some(remedy) = inventory.remedy() {
        say!("{remedy}")?;
        return Ok(ExitCode::FAILURE);
    }
    say!("{}", others(&inventory))?;
    Ok(ExitCode::SUCCESS)
}

/// What to type when the shop's images are where they should be.
fn others(inventory: &Inventory) -> String {
    let absent = inventory.needed.iter().filter(|image| {
        let mut states = inventory
            .positions()
            .map(|(position, _)| inventory.state(image, position));
        let is_in_engine = inventory.in_engine(&image.name).is_some();
        states.any(|state| state == State::Missing) || (image.user == User::Docker && !is_in_engine)
    });
    match absent.count() {
        0 => format!("Every image is where it is needed{}.", inventory.doubt()),
        count => format!(
            "{count} images would be fetched at their first use: `widgetario images pull` fetches them \
             now. The others are where they are needed{}.",
            inventory.doubt()
        ),
    }
}

/// The heading, and a row for each image.
fn rows(inventory: &Inventory) -> Vec<Vec<String>> {
    let nodes = inventory.positions().map(|(_, node)| node.name.clone());
    let engine = inventory.engine.as_ref().map_or("docker", Engine::name);
    let heading = ["image", "size", engine].map(str::to_owned);
    let mut rows = vec![heading.into_iter().chain(nodes).collect::<Vec<_>>()];
    for image in &inventory.needed {
        let (size, engine) = match (&inventory.engine, inventory.in_engine(&image.name)) {
            (Err(_), _) => ("-".to_owned(), "no answer"),
            (Ok(_), None) => ("-".to_owned(), "missing"),
            (Ok(_), Some(image)) => (image.size(), "there"),
        };
        let mut row = vec![image.name.clone(), size, engine.to_owned()];
        let states = inventory
            .positions()
            .map(|(position, _)| inventory.state(image, position));
        row.extend(states.map(|state| state.text().to_owned()));
        rows.push(row);
    }
    rows
}

/// The rows as lines, whose columns stand below each other.
fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let rows = [["image", "size"], ["a/long/name", "1 B"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows), ["image        size", "a/long/name  1 B"]);
    }
}
