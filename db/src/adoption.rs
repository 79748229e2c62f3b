//! Whether a database of the user's own can hold the shop.

use sqlx::PgConnection;

use crate::error::{Error, OLDEST, Unfit};

/// What the table must be: the columns, and the types that each may have.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("id", &["bigint"]),
    ("name", &["character varying", "text", "character"]),
    ("price", &["numeric"]),
    ("stock", &["bigint"]),
];

/// Returns whether the database has the shop's table already.
///
/// # Errors
/// When the database cannot hold the shop.
pub(crate) async fn has_table(database: &mut PgConnection) -> Result<bool, Error> {
    let role = role(database).await?;
    let lacks = |rights: &str| {
        let (role, rights) = (role.clone(), rights.to_owned());
        Err(Unfit::Rights { role, rights }.into())
    };
    let schema: Option<(bool, bool)> = sqlx::query_as(
        "SELECT has_schema_privilege(oid, 'USAGE'), has_schema_privilege(oid, 'CREATE')
         FROM pg_namespace WHERE nspname = 'public'",
    )
    .fetch_optional(&mut *database)
    .await?;
    let (usage, create) = schema.ok_or(Unfit::NoSchema)?;
    let kind: Option<String> = sqlx::query_scalar(
        "SELECT relkind::text FROM pg_class
         WHERE relname = 'products' AND relnamespace = 'public'::regnamespace",
    )
    .fetch_optional(&mut *database)
    .await?;
    match kind.as_deref() {
        _ if !usage => lacks("USAGE ON SCHEMA public"),
        None if !create => lacks("CREATE ON SCHEMA public"),
        None => Ok(false),
        Some("r" | "p") => {
            let missing = missing_rights(database).await?;
            if missing.is_empty() {
                Ok(true)
            } else {
                lacks(&format!("{} ON public.products", missing.join(", ")))
            }
        }
        Some(_) => Err(Unfit::Table("it is no table".into()).into()),
    }
}

/// Makes sure that the server can hold the shop, and returns the role of this session.
async fn role(database: &mut PgConnection) -> Result<String, Error> {
    let (number, version, standby, read_only, role): (i32, String, bool, bool, String) =
        sqlx::query_as(
            "SELECT current_setting('server_version_num')::int, current_setting('server_version'),
                    pg_is_in_recovery(), current_setting('transaction_read_only')::bool,
                    current_user::text",
        )
        .fetch_one(database)
        .await?;
    if number < OLDEST * 10_000 {
        return Err(Unfit::Old(version).into());
    }
    if standby {
        return Err(Unfit::Standby.into());
    }
    if read_only {
        return Err(Unfit::ReadOnly(role).into());
    }
    Ok(role)
}

/// Makes sure that the table is the shop's, and returns the rights that are missing.
async fn missing_rights(database: &mut PgConnection) -> Result<Vec<String>, Error> {
    let columns: Vec<(String, String, bool, bool, bool)> = sqlx::query_as(
        "SELECT attname::text, format_type(atttypid, NULL),
                has_column_privilege(attrelid, attnum, 'SELECT'),
                has_column_privilege(attrelid, attnum, 'UPDATE'),
                EXISTS (SELECT FROM pg_index WHERE indrelid = attrelid AND indisunique
                        AND indkey::text = attnum::text AND indpred IS NULL)
         FROM pg_attribute WHERE attrelid = 'public.products'::regclass
         AND attnum > 0 AND NOT attisdropped",
    )
    .fetch_all(database)
    .await?;
    let mut missing = Vec::new();
    for (column, types) in COLUMNS {
        let found = columns.iter().find(|(name, ..)| name == column);
        let Some((_, kind, select, update, unique)) = found else {
            return Err(Unfit::Table(format!("it has no column {column}")).into());
        };
        if !types.contains(&kind.as_str()) {
            let reason = format!("its column {column} is {kind}, not {}", types[0]);
            return Err(Unfit::Table(reason).into());
        }
        if column == "id" && !unique {
            return Err(Unfit::Table("its column id is not unique".into()).into());
        }
        if !select {
            missing.push(format!("SELECT ({column})"));
        }
        if column == "stock" && !update {
            missing.push("UPDATE (stock)".to_owned());
        }
    }
    Ok(missing)
}
