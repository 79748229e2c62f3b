//! What may be in a token.

use crate::{root, widgetario};

#[test]
fn claim_that_no_header_or_page_can_show_is_refused() {
    let long = "x".repeat(101);
    for option in ["--name", "--role", "--issuer"] {
        for claim in ["", " ", "Ada\nEve", "\u{7f}", &long] {
            let output = widgetario(&["token", option, claim], root());
            assert_eq!(output.status.code(), Some(2), "{option} {claim:?}");
            assert!(output.stdout.is_empty());
            let error = String::from_utf8(output.stderr).unwrap();
            assert!(error.contains(option), "{error}");
            let rule = "1 to 100 characters, not only blanks, and no control characters";
            assert!(error.contains(rule), "{error}");
        }
        let output = widgetario(&["token", option, &"ö".repeat(100)], root());
        assert!(output.status.success(), "{output:?}");
    }
}
