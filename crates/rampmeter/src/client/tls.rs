//! The certificates that the command line trusts, and the one that it shows. `RAMPMETER_CA_FILE` names a company's own
//! authorities, in addition to the system's; `RAMPMETER_CLIENT_CERTIFICATE_FILE` names a certificate with its key, for
//! a server that asks for one.

use rampmeter_terminal::{Exit, Failure};
use reqwest::{Certificate, ClientBuilder, Identity};

/// A client's settings as the environment says.
pub(super) fn of(environment: &dyn Fn(&str) -> Option<String>) -> Result<ClientBuilder, Failure> {
    let mut builder = reqwest::Client::builder();
    if let Some(pem) = file(environment, "RAMPMETER_CA_FILE")? {
        let authorities = Certificate::from_pem_bundle(&pem);
        let authorities = authorities.map_err(|why| unusable("RAMPMETER_CA_FILE", &why))?;
        builder = builder.tls_certs_merge(authorities);
    }
    if let Some(pem) = file(environment, "RAMPMETER_CLIENT_CERTIFICATE_FILE")? {
        let identity = Identity::from_pem(&pem);
        let identity =
            identity.map_err(|why| unusable("RAMPMETER_CLIENT_CERTIFICATE_FILE", &why))?;
        builder = builder.identity(identity);
    }
    Ok(builder)
}

fn file(
    environment: &dyn Fn(&str) -> Option<String>,
    variable: &str,
) -> Result<Option<Vec<u8>>, Failure> {
    let Some(path) = environment(variable).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let read = std::fs::read(&path);
    read.map(Some).map_err(|why| unusable(variable, &why))
}

fn unusable(variable: &str, why: &dyn std::fmt::Display) -> Failure {
    let what = format!("the file that {variable} names cannot be used: {why}");
    Failure::new("RM2064", Exit::Usage, what)
}
