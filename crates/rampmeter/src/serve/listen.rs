//! Opens a port; if it is taken, says which option chooses another.

use std::io;
use std::net::SocketAddr;

use rampmeter_terminal::{Exit, Failure};
use tokio::net::TcpListener;

/// Listens on `address`. Never falls back to another port; port 0 asks for a free one.
pub(super) async fn bind(
    address: SocketAddr,
    option: &str,
    key: &str,
) -> Result<(TcpListener, SocketAddr), Failure> {
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|why| not_bound(address, option, key, &why))?;
    let address = listener
        .local_addr()
        .map_err(|why| not_bound(address, option, key, &why))?;
    Ok((listener, address))
}

fn not_bound(address: SocketAddr, option: &str, key: &str, why: &io::Error) -> Failure {
    let what = if why.kind() == io::ErrorKind::AddrInUse {
        format!("{address} ({key}) is in use")
    } else {
        format!("{address} ({key}) cannot be listened on: {why}")
    };
    let another = address.port().checked_add(1).unwrap_or_default();
    Failure::new("RM2001", Exit::Usage, what).with_help(format!(
        "rampmeter serve {option} {another}, or {option} 0 for a free one"
    ))
}
