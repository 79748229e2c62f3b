//! `widgetario up`: PostgreSQL and the three services, until the user stops them.

mod child;
mod download;
mod environment;
pub(crate) mod service;

use std::io::{Write, stderr};
use std::net::{Ipv4Addr, TcpListener};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use chassis::say;
use clap::{Args, ValueEnum};
use db::ShopDatabase;
use local_postgres::Server;
use tokio::time::{interval, timeout};
use web::Theme;

use self::child::ChildService;
use self::service::Name;

/// How to start the shop.
#[derive(Args, Clone)]
#[command(after_help = environment::HELP)]
pub(crate) struct Options {
    /// Port of the shop's page; 0 takes a free one
    #[arg(long, default_value = "8010")]
    port: u16,

    /// Forget what was sold: start with the shop's first stock
    #[arg(long)]
    fresh: bool,

    /// Which products-api: v2 asks 1.75 times the price
    #[arg(long, value_enum, default_value = "v1")]
    products: Products,

    /// Colours of the page; auto follows the browser
    #[arg(long, value_enum, default_value = "auto")]
    theme: Theme,

    /// A PostgreSQL of your own, instead of the one that this command brings
    #[arg(long, env, hide_env_values = true)]
    database_url: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq)]
enum Products {
    V1,
    V2,
}

/// How many services use the database, each with its own connections.
const APIS: usize = 2;

/// The parts of a running shop; they stop when this is dropped.
struct Up {
    services: [ChildService; 3],
    /// Absent when the database is the user's own.
    database: Option<Server>,
}

/// Runs the shop until Ctrl-C or SIGTERM.
///
/// # Errors
/// When the shop cannot start, or ends by itself.
pub(crate) fn run(options: Options) -> anyhow::Result<ExitCode> {
    let runtime =
        tokio::runtime::Runtime::new().context("the operating system refused a thread")?;
    let ended = runtime.block_on(until_stopped(options));
    // The watchdog of a PostgreSQL that is still starting stops it.
    runtime.shutdown_background();
    ended.map(|()| ExitCode::SUCCESS)
}

async fn until_stopped(options: Options) -> anyhow::Result<()> {
    let stop = chassis::signalled();
    tokio::pin!(stop);
    let mut up = tokio::select! {
        up = start(options) => up?,
        () = &mut stop => return Ok(()),
    };
    let ended = tokio::select! {
        () = &mut stop => Ok(()),
        error = any_end(&mut up.services) => Err(error),
        reason = end_of(up.database.as_ref()) => Err(reason.into()),
    };
    let _ = writeln!(stderr(), "Stopping the shop.");
    up.stop().await;
    ended
}

async fn start(options: Options) -> anyhow::Result<Up> {
    check_free(options.port)?;
    let (database, shop, place) = match options.database_url.as_deref().map(str::trim) {
        Some(url) if !url.is_empty() => {
            if options.fresh {
                bail!(
                    "--fresh would not touch the database of DATABASE_URL: leave out one of them"
                );
            }
            let shop = adopt(url).await.context("DATABASE_URL")?;
            (None, shop, "as DATABASE_URL says".to_owned())
        }
        _ => own_database(options.fresh).await?,
    };
    say!("{:<12} {place}", "postgresql")?;
    let mut services = start_services(&options, &shop.products_url, &shop.stock_url).await?;
    for service in &mut services {
        service.ready().await?;
        say!(
            "{:<12} http://{}",
            service.name.as_str(),
            service.addresses.service
        )?;
    }
    let [.., web] = &services;
    let port = web.addresses.service.port();
    let host = walkthrough::port::HOST;
    say!("\nOpen http://{host}:{port} (Ctrl-C stops the shop)")?;
    Ok(Up { services, database })
}

/// Starts both APIs, each with the URL of its database, and then web with their addresses.
async fn start_services(
    options: &Options,
    products_url: &str,
    stock_url: &str,
) -> anyhow::Result<[ChildService; 3]> {
    let version = match options.products {
        Products::V1 => &["--app-version=v1", "--price-factor=1"][..],
        Products::V2 => &["--app-version=v2", "--price-factor=1.75"],
    };
    let products_url = [("DATABASE_URL", products_url)];
    let stock_url = [("DATABASE_URL", stock_url)];
    // Waits for both: if both fail, both logs say why.
    let (products, stock) = tokio::join!(
        ChildService::start(Name::ProductsApi, version, &products_url),
        ChildService::start(Name::StockApi, &[], &stock_url),
    );
    let (products, stock) = (products?, stock?);
    let web = [
        format!("--port={}", options.port),
        format!("--products-api-url=http://{}", products.addresses.service),
        format!("--stock-api-url=http://{}", stock.addresses.service),
        format!("--theme={}", name(options.theme)),
    ];
    let web = ChildService::start(Name::Web, &web.each_ref().map(String::as_str), &[]).await?;
    Ok([products, stock, web])
}

/// Puts the shop into the user's own database, after checks that no service would get a URL which
/// cannot work.
async fn adopt(url: &str) -> anyhow::Result<ShopDatabase> {
    let options = chassis::database_url(url).map_err(|allowed| anyhow!("it must be {allowed}"))?;
    let database = chassis::connect(options, APIS).await?;
    Ok(ShopDatabase::adopt(database, url).await?)
}

async fn own_database(fresh: bool) -> anyhow::Result<(Option<Server>, ShopDatabase, String)> {
    let folder = local_postgres::data_folder()?;
    // On a thread of its own, because it blocks, and Ctrl-C should not wait for it.
    let starting = tokio::task::spawn_blocking(move || {
        download::postgresql()?;
        if fresh {
            Server::forget(&folder)?;
        }
        anyhow::Ok(Server::start(&folder)?)
    });
    let server = starting.await??;
    let shop = ShopDatabase::create(&server.superuser("postgres"), "widgetario").await?;
    let place = format!(
        "127.0.0.1:{}, data in {}",
        server.port(),
        server.folder().display()
    );
    Ok((Some(server), shop, place))
}

/// Checks, before anything is downloaded, that a port can be used.
fn check_free(port: u16) -> anyhow::Result<()> {
    let otherwise = "or choose another with `widgetario up --port 8011`";
    if let Err(obstacle) = walkthrough::port::check(port) {
        bail!("port {port} cannot be used: {obstacle}, {otherwise}");
    }
    // Only the administrator may use some ports, which is no obstacle to a cluster's own tool.
    if let Err(error) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        bail!("port {port} cannot be used ({error}): start this with more rights, {otherwise}");
    }
    Ok(())
}

/// The value of `--theme` that names a theme.
fn name(theme: Theme) -> String {
    let value = theme.to_possible_value();
    value
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}

/// Waits for the first service that ends by itself, which none should.
async fn any_end([products, stock, web]: &mut [ChildService; 3]) -> anyhow::Error {
    let (name, status) = tokio::select! {
        ended = products.ended() => ended,
        ended = stock.ended() => ended,
        ended = web.ended() => ended,
    };
    match status {
        Ok(status) => anyhow!("{} ended ({status}): its log says why", name.as_str()),
        Err(error) => anyhow!("{}: {error}", name.as_str()),
    }
}

/// Waits until the database that this process started accepts no more connections; returns why.
async fn end_of(database: Option<&Server>) -> local_postgres::Error {
    let mut ticks = interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        if let Some(database) = database.filter(|database| !database.is_running()) {
            return database.ended();
        }
    }
}

impl Up {
    /// Stops the services, then the database: within 3 s.
    async fn stop(mut self) {
        for service in &mut self.services {
            service.ask_to_stop();
        }
        for service in &mut self.services {
            let _ = timeout(Duration::from_millis(2500), service.ended()).await;
        }
        if let Some(database) = self.database.take() {
            database.stop();
        }
    }
}
