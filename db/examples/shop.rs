//! A PostgreSQL with the shop, for programs that cannot start one themselves: writes the URLs with
//! which products-api and stock-api log in, a line each, and stops when standard input closes.

use std::error::Error;
use std::io::{self, Read, Write};

use db::ShopDatabase;
use local_postgres::{Server, installation};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    installation::install(|_, _| ())?;
    let server = Server::scratch()?;
    let shop = ShopDatabase::create(&server.superuser("postgres"), "widgetario").await?;
    writeln!(io::stdout(), "{}\n{}", shop.products_url, shop.stock_url)?;
    io::stdin().read_to_end(&mut Vec::new())?;
    server.stop();
    Ok(())
}
