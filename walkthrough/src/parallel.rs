//! Work that is done at the same time, because it mostly waits for a cluster.

use std::sync::Mutex;
use std::{iter, thread};

/// Does `work` with each of `items`, with `at_once` of them at the same time. Returns the results in the
/// order of the items.
pub(crate) fn parallel<T, R: Send>(
    at_once: usize,
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let items = Mutex::new(items.into_iter().enumerate());
    let next = || items.lock().expect("nobody panics with it").next();
    let (next, work) = (&next, &work);
    let share = move || {
        let share = iter::from_fn(next).map(|(place, item)| (place, work(item)));
        share.collect::<Vec<_>>()
    };
    let shares: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(share)).collect();
        let shares = workers.into_iter().map(thread::ScopedJoinHandle::join);
        shares.map(|share| share.expect("nobody panics")).collect()
    });
    let mut results: Vec<(usize, R)> = shares.into_iter().flatten().collect();
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn items_are_worked_on_together_and_their_results_stay_in_order() {
        let together = Barrier::new(3);
        let results = parallel(3, 0..6, |item| {
            together.wait();
            10 * item
        });
        assert_eq!(results, [0, 10, 20, 30, 40, 50]);
    }
}
