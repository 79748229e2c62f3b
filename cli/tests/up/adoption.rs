//! A PostgreSQL of the user's own: what cannot work is one sentence before the shop opens.

use std::sync::OnceLock;

use local_postgres::Server;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use testkit::up::data_folder;

use crate::refusals::refusal;
use crate::up;

/// Never dropped; its watchdog ends it with the test program.
static SERVER: OnceLock<Server> = OnceLock::new();

fn server() -> &'static Server {
    SERVER.get_or_init(|| Server::scratch().unwrap())
}

/// A database of a role's own, both called `name`, after `statements` of a superuser in it.
fn database(name: &str, statements: &str) -> String {
    let role = format!("CREATE ROLE {name} LOGIN PASSWORD 'secret'");
    let database = format!("CREATE DATABASE {name} OWNER {name}");
    let execute = async |database, sql: String| {
        let superuser = server().superuser(database);
        let mut connection = PgConnection::connect(&superuser).await.unwrap();
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        connection.execute(sql).await.unwrap();
    };
    let run = async {
        execute("postgres", role).await;
        execute("postgres", database).await;
        execute(name, statements.to_owned()).await;
    };
    tokio::runtime::Runtime::new().unwrap().block_on(run);
    format!(
        "postgres://{name}:secret@127.0.0.1:{}/{name}",
        server().port()
    )
}

/// What `up` says of the database at `url`.
fn said(url: &str) -> String {
    let folder = data_folder();
    let said = refusal(&mut up(folder.path(), &["--database-url", url]));
    assert!(said.starts_with("widgetario: DATABASE_URL: "), "{said}");
    assert!(
        !said.contains("secret") && !said.contains("s3/cret"),
        "{said}"
    );
    said
}

#[test]
fn url_that_is_none_is_refused_with_the_form_that_it_has() {
    for url in [
        "nonsense",
        "mysql://localhost/shop",
        "host=localhost password=secret",
    ] {
        let form = "it must be a URL such as postgres://role:password@host:5432/database";
        assert!(said(url).ends_with(form));
    }
}

#[test]
fn password_with_characters_of_a_url_is_told_how_to_write_them() {
    for password in ["s3/cret", "s3#cret", "s3?cret", "12/secret", "12?secret"] {
        let said = said(&format!("postgres://role:{password}@127.0.0.1:9/shop"));
        assert!(said.contains("are written %40 %2F %23 %3F %25"), "{said}");
    }
}

#[test]
fn tls_is_refused_because_the_shop_speaks_none() {
    for mode in ["require", "verify-ca", "verify-full"] {
        let said = said(&format!(
            "postgres://role:secret@127.0.0.1:9/shop?sslmode={mode}"
        ));
        assert!(
            said.contains("sslmode=disable: this program speaks no TLS"),
            "{said}"
        );
    }
}

#[test]
fn server_that_nobody_can_log_in_to_is_told_apart() {
    let port = server().port();
    let nobody = said("postgres://role:secret@127.0.0.1:9/shop");
    assert!(
        nobody.contains("nothing listens at 127.0.0.1:9"),
        "{nobody}"
    );
    let host = said("postgres://role:secret@no-such-host.invalid/shop");
    assert!(
        host.contains("no-such-host.invalid:5432 cannot be reached"),
        "{host}"
    );
    let password = said(&format!(
        "postgres://postgres:secret@127.0.0.1:{port}/postgres"
    ));
    assert!(
        password.contains(r#"refuses the password of the role "postgres""#),
        "{password}"
    );
    let url = server().superuser("nothing");
    let folder = data_folder();
    let missing = refusal(&mut up(folder.path(), &["--database-url", &url]));
    assert!(
        missing.contains(r#"there is no database "nothing""#),
        "{missing}"
    );
}

#[test]
fn table_of_somebody_else_is_not_sold_from() {
    let view = database(
        "a_view",
        "CREATE VIEW public.products AS SELECT 1::bigint AS id",
    );
    assert!(said(&view).contains("not the shop's table (it is no table)"));
    let other = database(
        "other",
        "CREATE TABLE public.products (id bigint PRIMARY KEY, title text)",
    );
    assert!(said(&other).contains("not the shop's table (it has no column name)"));
    let uuid = database(
        "uuid",
        "CREATE TABLE public.products (id uuid PRIMARY KEY, name text)",
    );
    assert!(said(&uuid).contains("its column id is uuid, not bigint"));
}

#[test]
fn missing_right_is_named_as_it_is_granted() {
    let create = database(
        "no_create",
        "ALTER SCHEMA public OWNER TO postgres; REVOKE CREATE ON SCHEMA public FROM PUBLIC",
    );
    assert!(said(&create).contains(r#"`GRANT CREATE ON SCHEMA public TO "no_create"`"#));
    let shop = format!(
        "{}; GRANT SELECT ON public.products TO no_update",
        include_str!("../../../db/sql/1-schema.sql")
    );
    let update = database("no_update", &shop);
    assert!(said(&update).contains(r#"`GRANT UPDATE (stock) ON public.products TO "no_update"`"#));
}

#[test]
fn database_that_only_reads_is_refused() {
    let url = database(
        "reads",
        "ALTER DATABASE reads SET default_transaction_read_only = on",
    );
    assert!(said(&url).contains(r#"the sessions of the role "reads" may only read"#));
}

#[test]
fn too_few_connections_are_refused_with_the_number_needed() {
    let url = database("few", "ALTER ROLE few CONNECTION LIMIT 5");
    let said = said(&url);
    assert!(
        said.contains("too few connections (too many connections for role"),
        "{said}"
    );
    assert!(said.contains("16 are needed"), "{said}");
}
