//! The remedies for what PostgreSQL or the operating system reports.

/// A kind of trouble, and its remedy.
pub(crate) struct Trouble {
    /// Every report of the trouble contains one of these.
    phrases: &'static [&'static str],
    remedy: &'static str,
    /// Whether another folder is a remedy, too.
    is_of_the_folder: bool,
}

/// In the words of Unix, of PostgreSQL, and of [`std::io::ErrorKind`], because Windows speaks the user's
/// language. The first that fits counts: "No space left on device" means a full disk only when the report is
/// not about memory.
pub(crate) static TROUBLES: [Trouble; 9] = [
    Trouble {
        phrases: &[
            "pre-existing shared memory",
            "postmaster.pid\" already exists",
        ],
        remedy: "another PostgreSQL still serves it: end that one",
        is_of_the_folder: false,
    },
    Trouble {
        phrases: &[
            "shared memory",
            "semaphores",
            "Cannot allocate memory",
            "could not fork",
            "Resource temporarily unavailable",
            "Too many open files",
            "insufficient file descriptors",
        ],
        remedy: "this machine gives it too little: end other programs, or raise the limit (`ulimit -a`)",
        is_of_the_folder: false,
    },
    Trouble {
        phrases: &[
            "No space left on device",
            "no storage space",
            "wrote only",
            "disk full",
            "not enough space",
        ],
        remedy: "the disk is full: make room on it",
        is_of_the_folder: true,
    },
    Trouble {
        phrases: &["uota exceeded"],
        remedy: "this user's share of the disk is used up: make room there",
        is_of_the_folder: true,
    },
    Trouble {
        phrases: &["invalid permissions"],
        remedy: "close that folder to others with `chmod 700`",
        is_of_the_folder: false,
    },
    Trouble {
        phrases: &[
            "wrong ownership",
            "Permission denied",
            "permission denied",
            "Operation not permitted",
        ],
        remedy: "it belongs to another user or is closed to this one: open it",
        is_of_the_folder: true,
    },
    Trouble {
        phrases: &["Read-only file system", "read-only filesystem"],
        remedy: "nothing can be written there: make it writable",
        is_of_the_folder: true,
    },
    Trouble {
        phrases: &["too long"],
        remedy: "the path is too long: shorten it",
        is_of_the_folder: true,
    },
    Trouble {
        phrases: &["contains errors", "configuration parameter", "pg_hba"],
        remedy: "mend what was changed in its configuration; server.log beside the data says more",
        is_of_the_folder: false,
    },
];

/// Reports of broken data. Only these lead to the advice to give the data up.
const BROKEN: [&str; 11] = [
    "control file",
    "pg_control",
    "checkpoint",
    "valid data directory",
    "incompatible with server",
    "corrupt",
    "invalid page",
    "could not open file",
    "could not read file",
    "could not open directory",
    "No such file or directory",
];

impl Trouble {
    /// Whether `text` reports this trouble.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        self.phrases.iter().any(|phrase| text.contains(phrase))
    }
}

/// The remedy for the trouble that `text`, an error of PostgreSQL or the operating system, reports;
/// `None` if it is unknown.
pub fn remedy(text: &str) -> Option<&'static str> {
    trouble(text).map(|trouble| trouble.remedy)
}

/// The remedy for a trouble with a folder that `variable` moves.
pub(crate) fn remedy_in_folder(text: &str, variable: &str) -> Option<String> {
    let Trouble {
        remedy,
        is_of_the_folder,
        ..
    } = trouble(text)?;
    Some(if *is_of_the_folder {
        format!("{remedy}, or choose another folder with {variable}")
    } else {
        (*remedy).to_owned()
    })
}

/// Whether the data is lost, about which PostgreSQL said `text`.
pub(crate) fn is_broken(text: &str) -> bool {
    BROKEN.iter().any(|phrase| text.contains(phrase))
}

fn trouble(text: &str) -> Option<&'static Trouble> {
    TROUBLES.iter().find(|trouble| trouble.is_in(text))
}
