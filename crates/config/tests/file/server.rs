//! `[server]` where it says who may use the ports and how they are reached.

use std::path::Path;

use rampmeter_config::{Code, Config, Tls};

use crate::{problems, toml};

fn server(lines: &str) -> rampmeter_config::Server {
    toml(lines).unwrap().server
}

#[test]
fn the_admin_port_is_an_address_or_a_table() {
    let short = server("[server]\nadmin = \"127.0.0.1:1\"");
    let long = server("[server.admin]\nlisten = \"127.0.0.1:1\"");
    for server in [short, long] {
        assert_eq!(server.admin.listen.to_string(), "127.0.0.1:1");
        assert_eq!(
            (server.admin.login, server.admin.open_metrics),
            (None, false)
        );
        assert_eq!(server.users_file(), Path::new(".rampmeter/users.json"));
    }
    let named = server("[server.admin]\nusers = \"users.json\"\nopen_metrics = true");
    assert_eq!(named.users_file(), Path::new("/etc/rm/users.json"));
    assert!(named.admin.open_metrics);
    let unknown = "[server.admin]\nlisen = \"127.0.0.1:1\"";
    assert_eq!(problems(unknown), [(Code::UnknownKey, "lisen")]);
}

#[test]
fn the_queues_of_clients_wait_as_on_aws_unless_the_file_says_otherwise() {
    assert!(server("").sqs.waits);
    assert!(server("[server.sqs]").sqs.waits);
    assert!(!server("[server.sqs]\nwaits = false").sqs.waits);
    let unknown = "[server.sqs]\nwait = false";
    assert_eq!(problems(unknown), [(Code::UnknownKey, "wait")]);
}

#[test]
fn the_variable_of_the_admin_port_is_its_address_in_either_form() {
    let environment = |name: &str| match name {
        "RAMPMETER_SERVER__ADMIN" => Some("127.0.0.1:2".to_owned()),
        "RAMPMETER_SERVER__ADMIN__LOGIN" => Some("true".to_owned()),
        _ => None,
    };
    for text in [
        "",
        "[server]\nadmin = \"127.0.0.1:1\"",
        "[server.admin]\nlisten = \"127.0.0.1:1\"",
    ] {
        let no_file = |_: &Path| Err(std::io::Error::from(std::io::ErrorKind::NotFound));
        let config = Config::parse(text, Path::new("rampmeter.toml"), &environment, &no_file);
        let admin = config.unwrap().server.admin;
        assert_eq!(admin.listen.to_string(), "127.0.0.1:2", "{text}");
    }
}

#[test]
fn a_login_is_asked_for_where_others_come_or_are_named() {
    let credential = "[server]\ncredentials = [{ access_key_id = \"k\", secret = \"${env:TOKEN}\", rights = [] }]";
    for (lines, asked) in [
        ("", false),
        (credential, true),
        ("[server.admin]\nlisten = \"0.0.0.0:1\"", true),
        ("[server.admin]\nusers = \"u\"", true),
        ("[server.admin]\nlogin = true", true),
        ("[server.admin]\nusers = \"u\"\nlogin = false", false),
    ] {
        assert_eq!(server(lines).asks_for_login(), asked, "{lines}");
    }
}

#[test]
fn a_certificate_comes_with_its_key() {
    let whole = server("[server.tls]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"");
    let expected = Tls {
        certificate: "/etc/rm/c.pem".into(),
        key: "/k.pem".into(),
        client_ca: None,
        client_crl: None,
    };
    assert_eq!(whole.tls, Some(expected));
    assert_eq!(
        whole.queue_url("q"),
        "https://127.0.0.1:4566/000000000000/q"
    );
    let half = problems("[server.tls]\ncertificate = \"c.pem\"\n");
    assert_eq!(
        half.iter().map(|(code, _)| *code).collect::<Vec<_>>(),
        [Code::MissingKey]
    );
}

#[test]
fn a_credential_reaches_everything_or_what_patterns_name() {
    let credential = |more: &str| {
        format!(
            "[server]\ncredentials = [{{ access_key_id = \"k\", secret = \"${{env:TOKEN}}\", rights = [\"read\"]{more} }}]"
        )
    };
    assert_eq!(server(&credential("")).credentials[0].scope, None);
    let limited = server(&credential(", queues = [\"orders-*\"]"));
    let scope = limited.credentials[0].scope.clone().unwrap();
    assert!(scope.queues[0].matches("orders-eu") && !scope.queues[0].matches("invoices"));
    assert!(scope.workflows.is_empty() && scope.targets.is_empty());
    let odd = credential(", targets = [\"a\u{202e}b\"]");
    assert_eq!(problems(&odd)[0].0, Code::BadValue);
}
