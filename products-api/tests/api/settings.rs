use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use chassis::ServiceCommand;
use products_api::Settings;

fn refusal(argument: &str) -> String {
    let url = "--database-url=postgres://localhost/widgetario";
    let command = ServiceCommand::<Settings>::parse("products-api", [url, argument]);
    command.err().expect("a refusal")
}

/// Starts the program with `variables` and `arguments`: the line that says where it listens, or why it
/// does not.
fn start<V: AsRef<OsStr>>(variables: &[(&str, V)], arguments: &[&str]) -> Result<String, String> {
    let mut process = Command::new(env!("CARGO_BIN_EXE_products-api"))
        .env("DATABASE_URL", "postgres://localhost:1/widgetario")
        .env("PORT", "0")
        .env("MANAGEMENT_PORT", "0")
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .args(arguments)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut said = lines.by_ref().map(Result::unwrap);
    let last = said.find(|line| line.contains("listening on") || line.contains("products-api:"));
    let _ = process.kill();
    process.wait().unwrap();
    let last = last.expect("a line");
    if last.contains("listening on") {
        Ok(last)
    } else {
        Err(last)
    }
}

#[test]
fn bad_value_is_named_with_what_is_allowed() {
    assert_eq!(
        refusal("--price-factor=cheap"),
        "--price-factor='cheap' is not allowed: a number above 0, at most 1000, with at most 6 \
         decimal places, such as 1.75"
    );
    assert_eq!(
        refusal("--port=70000"),
        "--port='70000' is not allowed: a port number from 0 to 65535"
    );
    assert_eq!(
        refusal("--database-timeout=-1"),
        "--database-timeout='-1' is not allowed: a number of seconds from 0.05 to 10"
    );
    assert_eq!(
        refusal("--log-format=xml"),
        "--log-format='xml' is not allowed: text, json"
    );
}

#[test]
fn refusal_names_the_variable_where_no_flag_was_given() {
    assert_eq!(
        start(&[("LOG_FORMAT", "xml")], &[]),
        Err("products-api: LOG_FORMAT='xml' is not allowed: text, json".into())
    );
    assert!(start(&[("LOG_FORMAT", "xml")], &["--log-format=text"]).is_ok());
    assert_eq!(
        start(&[("DATABASE_URL", "")], &[]),
        Err("products-api: DATABASE_URL is not set; `--help` lists the settings".into())
    );
}

#[cfg(unix)]
#[test]
fn value_that_is_no_text_is_refused_by_its_name() {
    use std::os::unix::ffi::OsStrExt;
    let value = OsStr::from_bytes(b"v\xff");
    assert_eq!(
        start(&[("APP_VERSION", value)], &[]),
        Err("products-api: APP_VERSION='…' is not allowed: its value is not UTF-8".into())
    );
}

#[test]
fn refusal_never_shows_a_password() {
    let refusals = [
        refusal("--database-url=http://role:secret@host/"),
        refusal("--otlp-endpoint=http://role:secret@host"),
        refusal("--otlp-traces-headers=secret"),
    ];
    for refusal in refusals {
        assert!(refusal.contains("='…' is not allowed"), "{refusal}");
    }
}

/// Why a database's URL is refused, or `None`.
fn refused_url(url: &str) -> Option<String> {
    let url = format!("--database-url={url}");
    let command = ServiceCommand::<Settings>::parse("products-api", [url.as_str()]);
    let refusal = command.err()?;
    assert!(
        refusal.starts_with("--database-url='…' is not allowed: a URL such as "),
        "{refusal}"
    );
    Some(refusal)
}

#[test]
fn one_of_several_databases_is_not_chosen() {
    for url in [
        "postgres://role@one,two/shop",
        "postgres://role:secret@one:5432,two:5433/shop",
        "postgres://role@one/shop?host=one,two",
        "postgres:///shop?hostaddr=192.0.2.1,192.0.2.2",
        "postgres://role@one/shop?port=5432,5433",
    ] {
        let refusal = refused_url(url).expect(url);
        assert!(
            refusal.contains("with one host: this program does not choose"),
            "{refusal}"
        );
    }
    let url = "postgres://role@one/shop?target_session_attrs=read-write";
    let refusal = refused_url(url).expect(url);
    assert!(
        refusal.contains("without target_session_attrs: this program does not choose"),
        "{refusal}"
    );
    // A password may have a comma.
    assert_eq!(refused_url("postgres://role:a,b@one/shop"), None);
}

#[test]
fn parameter_of_a_database_that_would_not_be_obeyed_is_refused_by_name() {
    for parameter in [
        "channel_binding=require",
        "connect_timeout=3",
        "sslmod=require",
    ] {
        let url = format!("postgres://role@one/shop?{parameter}");
        let refusal = refused_url(&url).expect(&url);
        let name = parameter.split('=').next().unwrap();
        let phrase = format!("without the parameter {name}, which this program does not know");
        assert!(refusal.ends_with(&phrase), "{refusal}");
    }
    let known = "user=role&host=one&port=5432&dbname=shop&password=a@b&options=-c%20work_mem=1MB";
    assert_eq!(
        refused_url(&format!("postgres:///?{known}&sslmode=prefer")),
        None
    );
}

#[test]
fn tls_is_refused_with_the_feature_that_speaks_it() {
    for (parameter, named) in [
        ("sslmode=require", "sslmode=require"),
        ("sslmode=verify-full", "sslmode=verify-full"),
        ("sslrootcert=/ca.crt", "sslrootcert"),
    ] {
        let url = format!("postgres://role@one/shop?{parameter}");
        let refusal = refused_url(&url).expect(&url);
        let phrase = format!(
            "speaks no TLS, which {named} asks for; built with the feature database-tls, it does"
        );
        assert!(refusal.ends_with(&phrase), "{refusal}");
    }
    let refusal = refused_url("postgres://role@one/shop?sslmode=on").expect("no mode");
    assert!(
        refusal.ends_with("prefer, require, verify-ca or verify-full"),
        "{refusal}"
    );
}

#[test]
fn empty_variable_is_as_good_as_none() {
    let names = [
        "PRICE_FACTOR",
        "LISTEN_ADDRESS",
        "DRAIN_SECONDS",
        "APP_VERSION",
        "LOG_FORMAT",
        "RUST_LOG",
        "DATABASE_PASSWORD_FILE",
        "DATABASE_TIMEOUT_SECONDS",
        "OTEL_PROPAGATORS",
        "OTEL_SDK_DISABLED",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_TRACES_SAMPLER",
    ];
    for value in ["", " \t"] {
        let variables = names.map(|name| (name, value));
        start(&variables, &[]).unwrap();
    }
}

#[test]
fn white_space_around_a_variable_is_not_its_value() {
    let variables = [("PRICE_FACTOR", " 1.75\r"), ("LOG_FORMAT", "text ")];
    start(&variables, &[]).unwrap();
}

#[test]
fn letter_case_of_a_choice_is_free() {
    let variables = [
        ("LOG_FORMAT", "Text"),
        ("OTEL_SDK_DISABLED", "False"),
        ("OTEL_PROPAGATORS", "TraceContext,B3Multi,tracecontext"),
        ("OTEL_TRACES_SAMPLER", "ALWAYS_ON"),
        ("OTEL_TRACES_EXPORTER", "OTLP"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1]:1"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/Protobuf"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "GZIP"),
    ];
    start(&variables, &[]).unwrap();
}

/// What other programs of the same shell are told must not stop the shop.
#[test]
fn variable_that_changes_nothing_is_not_judged() {
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:1");
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let https = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector");
    let of_traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:1");
    let wrong = ("OTEL_TRACES_SAMPLER", "jaeger_remote");
    let argument = ("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://localhost");
    let unused = [
        &[grpc, ("OTEL_BSP_SCHEDULE_DELAY", "soon")][..],
        &[grpc, endpoint, ("OTEL_TRACES_EXPORTER", "None")],
        &[grpc, https, wrong, ("OTEL_SDK_DISABLED", "TRUE")],
        &[https, of_traces],
        &[argument],
    ];
    for variables in unused {
        start(variables, &[]).unwrap();
    }
    let ratio = ("OTEL_TRACES_SAMPLER", "TraceIdRatio");
    for variables in [
        &[grpc, endpoint][..],
        &[https],
        &[wrong],
        &[ratio, argument],
    ] {
        start(variables, &[]).unwrap_err();
    }
}
