use chassis::Command;
use products_api::Settings;

fn refusal(argument: &str) -> String {
    let url = "--database-url=postgres://localhost/widgetario";
    let command = Command::<Settings>::parse("products-api", [url, argument]);
    command.err().expect("a refusal")
}

#[test]
fn bad_value_is_named_with_what_is_allowed() {
    assert_eq!(
        refusal("--price-factor=cheap"),
        "PRICE_FACTOR='cheap' is not allowed: a number above 0, at most 1000, with at most 6 \
         decimal places, such as 1.75"
    );
    assert_eq!(
        refusal("--port=70000"),
        "PORT='70000' is not allowed: a port number from 0 to 65535"
    );
    assert_eq!(
        refusal("--database-timeout=-1"),
        "DATABASE_TIMEOUT_SECONDS='-1' is not allowed: a number of seconds from 0.05 to 10"
    );
    assert_eq!(
        refusal("--log-format=xml"),
        "LOG_FORMAT='xml' is not allowed: text, json"
    );
}

#[test]
fn refusal_never_shows_the_databases_password() {
    let refusal = refusal("--database-url=http://role:secret@host/");
    assert!(
        refusal.starts_with("DATABASE_URL='…' is not allowed"),
        "{refusal}"
    );
}
