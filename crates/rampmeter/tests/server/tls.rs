//! TLS on both ports, with certificates made here by `openssl`: trusted ones and others, changed while the server runs,
//! and required of clients.

use std::path::Path;
use std::process::{Command, Output};

use crate::process::{Server, eventually, rampmeter, run, stderr};
use crate::workspace::Workspace;

fn openssl(directory: &Path, arguments: &[&str]) {
    let mut command = Command::new("openssl");
    let made = command.current_dir(directory).args(arguments).output();
    let made = made.expect("openssl is installed");
    assert!(
        made.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&made.stderr)
    );
}

const NEW_KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
];

/// An authority: `NAME.pem` and `NAME.key`.
fn authority(directory: &Path, name: &str) {
    let (certificate, key, subject) = (
        format!("{name}.pem"),
        format!("{name}.key"),
        format!("/CN={name}"),
    );
    let mut arguments = vec![
        "req",
        "-x509",
        "-days",
        "2",
        "-out",
        &certificate,
        "-keyout",
        &key,
        "-subj",
        &subject,
    ];
    arguments.extend(NEW_KEY);
    openssl(directory, &arguments);
}

/// A certificate by an authority for this machine, replacing any of the same name: `NAME.pem` and `NAME.key`.
fn certificate(directory: &Path, authority: &str, name: &str) {
    let [request, key, certificate] = ["csr", "key", "pem"].map(|end| format!("{name}.{end}"));
    let (subject, ca, ca_key) = (
        format!("/CN={name}"),
        format!("{authority}.pem"),
        format!("{authority}.key"),
    );
    std::fs::write(
        directory.join("extensions"),
        "subjectAltName=IP:127.0.0.1\n",
    )
    .expect("written");
    let mut arguments = vec![
        "req", "-new", "-out", &request, "-keyout", &key, "-subj", &subject,
    ];
    arguments.extend(NEW_KEY);
    openssl(directory, &arguments);
    openssl(
        directory,
        &[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-days",
            "2",
            "-extfile",
            "extensions",
            "-out",
            &certificate,
        ],
    );
}

/// A server whose certificate, `server.pem`, is issued by the authority `ours`.
fn workspace(tls: &str) -> Workspace {
    let workspace = Workspace::without_vendor();
    authority(workspace.path(), "ours");
    certificate(workspace.path(), "ours", "server");
    let text = std::fs::read_to_string(workspace.config()).expect("the configuration");
    let tls = format!(
        "[server.tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n{tls}\n\n[server]"
    );
    std::fs::write(workspace.config(), text.replace("[server]", &tls)).expect("written");
    workspace
}

/// Runs a command that trusts an authority, or only the system's, against the server.
async fn command(
    workspace: &Workspace,
    server: &Server,
    trusted: Option<&str>,
    shown: Option<&str>,
    arguments: &[&str],
) -> Output {
    let mut command = rampmeter(workspace.path());
    command.args(arguments);
    command.env(
        "RAMPMETER_SERVER__AWS",
        server.ready["aws_url"].as_str().expect("a URL"),
    );
    command.env("RAMPMETER_SERVER__ADMIN", server.admin(""));
    if let Some(trusted) = trusted {
        command.env("RAMPMETER_CA_FILE", format!("{trusted}.pem"));
    }
    if let Some(shown) = shown {
        command.env("RAMPMETER_CLIENT_CERTIFICATE_FILE", shown);
    }
    run(command, "").await
}

const LIST: [&str; 4] = ["limit", "list", "-o", "id"];
const START: [&str; 4] = ["start", "pass", "--input", "{}"];

#[tokio::test]
async fn both_ports_speak_tls_with_whoever_trusts_the_certificate() {
    let workspace = workspace("");
    let server = Server::start(&workspace).await;
    for url in ["aws_url", "admin_url"] {
        let url = server.ready[url].as_str().expect("a URL");
        assert!(url.starts_with("https://"), "{url}");
    }
    for arguments in [&LIST, &START] {
        let done = command(&workspace, &server, Some("ours"), None, arguments).await;
        assert!(done.status.success(), "{}", stderr(&done));
        let refused = command(&workspace, &server, None, None, arguments).await;
        assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let plain = server.admin("/livez").replace("https://", "http://");
    assert!(reqwest::get(plain).await.is_err());
}

#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    let workspace = workspace("");
    let server = Server::start(&workspace).await;
    let done = command(&workspace, &server, Some("ours"), None, &LIST).await;
    assert!(done.status.success(), "{}", stderr(&done));
    authority(workspace.path(), "others");
    certificate(workspace.path(), "others", "server");
    eventually("the new certificate is shown", async || {
        let done = command(&workspace, &server, Some("others"), None, &LIST).await;
        done.status.success().then_some(())
    })
    .await;
    let refused = command(&workspace, &server, Some("ours"), None, &LIST).await;
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
}

#[tokio::test]
async fn a_server_that_asks_clients_for_a_certificate_serves_those_of_its_authority_only() {
    let workspace = workspace("client_ca = \"clients.pem\"");
    for (authority_name, name) in [("clients", "friend"), ("strangers", "stranger")] {
        authority(workspace.path(), authority_name);
        certificate(workspace.path(), authority_name, name);
        let both = ["pem", "key"].map(|end| {
            std::fs::read_to_string(workspace.path().join(format!("{name}.{end}"))).expect("read")
        });
        workspace.write(&format!("{name}-both.pem"), &both.concat());
    }
    let server = Server::start(&workspace).await;
    for arguments in [&LIST, &START] {
        for (shown, expected) in [
            (None, 3),
            (Some("stranger-both.pem"), 3),
            (Some("friend-both.pem"), 0),
        ] {
            let done = command(&workspace, &server, Some("ours"), shown, arguments).await;
            assert_eq!(
                done.status.code(),
                Some(expected),
                "{shown:?}: {}",
                stderr(&done)
            );
        }
    }
}

#[tokio::test]
async fn plain_text_leaves_this_machine_only_where_that_is_allowed() {
    let workspace = workspace("");
    let with_tls = std::fs::read_to_string(workspace.config()).expect("the configuration");
    let without = with_tls.replace(
        "[server.tls]\ncertificate = \"server.pem\"\nkey = \"server.key\"\n",
        "",
    );
    let start = |text: &str, variables: &[(&str, &str)]| {
        std::fs::write(workspace.config(), text).expect("written");
        let mut command = Server::command(&workspace);
        command.env("RAMPMETER_SERVER__ADMIN", "0.0.0.0:0");
        command.envs(variables.iter().copied());
        command
    };
    let users = "[server.admin]\nusers = \"users.json\"\n\n[server]";
    let (with_tls, without) = (
        with_tls.replace("[server]", users),
        without.replace("[server]", users),
    );
    let refused = run(start(&without, &[]), "").await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("RM2017"), "{}", stderr(&refused));
    assert!(
        stderr(&refused).contains("allow_plaintext"),
        "{}",
        stderr(&refused)
    );
    Server::launch(start(
        &without,
        &[("RAMPMETER_SERVER__ALLOW_PLAINTEXT", "true")],
    ))
    .await
    .kill()
    .await;
    Server::launch(start(&with_tls, &[])).await.kill().await;
    let open = with_tls.replace("users = \"users.json\"", "login = false");
    let refused = run(start(&open, &[]), "").await;
    assert!(
        stderr(&refused).contains("not authenticated"),
        "{}",
        stderr(&refused)
    );
}
