#!/usr/bin/env python3
"""Who may do what, as a browser sees it: headless Chromium on a `rampmeter serve` that asks for a login.

    login.py target/debug/rampmeter        (run.sh installs what it needs, and runs it)

A person logs in, looks, changes something, is refused what their role may not, logs out, and is put out when their token is taken
away. While somebody is logged in, a page of another site tries everything that a page can make a browser do against both ports: forms,
images, links, frames, requests with and without credentials, and a name of its own that leads to this machine. Then the server and a
vendor say what came of it. Prints one line for each check and exits 1 when one fails.
"""

import argparse
import http.server
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

import browser
from browser import By, Page, Server, until

ROLES = ["viewer", "operator"]
# Turns the writing round, and a character that is not seen.
BACKWARDS = "n\u202elive\ufeff"
CONFIG = """version = 1

[server.admin]
{admin}

[targets.vendor]
base_url = "{vendor}"

[[targets.vendor.limits]]
name = "account"
concurrency = 2

[workflows.pass]
definition = "pass.asl.json"
"""
PASS = {"StartAt": "Pass", "States": {"Pass": {"Type": "Pass", "End": True}}}
CALL = json.dumps({"Method": "DELETE", "Path": "/customers/1"})

# What the page tries; each place of the server is put in. The last word says that all of it has been tried.
HOSTILE = """<!doctype html><title>trying</title><body>
<iframe name="one"></iframe><iframe name="two"></iframe><iframe name="three"></iframe><iframe id="framed" src="%(admin)s/"></iframe>
<form id="json" target="one" method="post" enctype="text/plain" action="%(admin)s/v1/targets/vendor/pause">
<input name='{"reason":"evil","x":"' value='"}'></form>
<form id="query" target="two" method="post" action="%(aws)s/"><input name="Action" value="SendMessage">
<input name="QueueUrl" value="vendor-high"><input name="MessageBody" value='%(call)s'></form>
<form id="get" target="three" method="get" action="%(aws)s/"><input name="Action" value="SendMessage">
<input name="QueueUrl" value="vendor-high"><input name="MessageBody" value='%(call)s'></form>
<img src="%(aws)s/?%(query)s"><img src="%(admin)s/v1/targets"><script src="%(admin)s/v1/targets"></script>
<script>
const tried = [];
const body = JSON.stringify({ reason: "evil" });
const note = (what) => (answer) => answer.text().then((text) => tried.push(what + " " + answer.type + " " + text.length));
const ask = (what, url, options) => fetch(url, options).then(note(what)).catch(() => tried.push(what + " refused"));
for (const id of ["json", "query", "get"]) { document.getElementById(id).submit(); }
Promise.all([
  ask("read", "%(admin)s/v1/targets", { credentials: "include" }),
  ask("blind-read", "%(admin)s/v1/targets", { credentials: "include", mode: "no-cors" }),
  ask("change", "%(admin)s/v1/targets/vendor/pause", { method: "POST", credentials: "include", headers: { "content-type": "application/json" }, body }),
  ask("blind-change", "%(admin)s/v1/targets/vendor/pause", { method: "POST", credentials: "include", mode: "no-cors", body }),
  ask("log-in", "%(admin)s/v1/session/open", { method: "POST", credentials: "include", mode: "no-cors", body: JSON.stringify({ token: "%(token)s" }) }),
  ask("log-out", "%(admin)s/v1/session/close", { method: "POST", credentials: "include", mode: "no-cors", body: "{}" }),
  ask("send", "%(aws)s/", { method: "POST", headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.SendMessage" }, body: JSON.stringify({ QueueUrl: "vendor-high", MessageBody: '%(call)s' }) }),
  ask("blind-send", "%(aws)s/", { method: "POST", mode: "no-cors", body: new URLSearchParams({ Action: "SendMessage", QueueUrl: "vendor-high", MessageBody: '%(call)s' }) }),
]).then(() => setTimeout(() => { window.tried = tried; document.title = "tried"; }, 1500));
</script></body>"""


def served(answer):
    """A server of this process; its requests are noted."""
    seen = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do(self):
            seen.append(f"{self.command} {self.path}")
            text = answer(self.path).encode()
            self.send_response(200)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = do

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port, seen


class Guarded(Server):
    """`rampmeter serve` with users; asks it as one of them."""

    def __init__(self, program, directory, vendor, admin):
        super().__init__(program, directory)
        self.config = self.directory / "rampmeter.toml"
        self.config.write_text(CONFIG.format(vendor=vendor, admin=admin))
        (self.directory / "pass.asl.json").write_text(json.dumps(PASS))
        self.tokens = {}

    def user(self, *arguments):
        command = [self.program, "user", *arguments, "--users", str(self.directory / "users.json")]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=self.directory).stdout.strip()

    def get(self, path, role="operator"):
        headers = {"authorization": f"Bearer {self.tokens[role]}"} if self.tokens else {}
        with urllib.request.urlopen(urllib.request.Request(self.admin + path, headers=headers), timeout=20) as answer:
            return json.load(answer)


def log_in(page, server, token):
    page.driver.get(server.admin + "/")
    until("the login is asked for", lambda: page.all("#login input"))
    page.all("#login input")[0].send_keys(token)
    page.click("#login button")


def log_out(page):
    page.click("button", "Log out")
    until("the login is asked for again", lambda: page.all("#login input"))


def run(server, page, vendor_saw, check):
    # Nobody sees anything before they log in.
    page.driver.get(server.admin + "/targets/vendor")
    until("the login is asked for", lambda: page.all("#login input"))
    check("without a login there is nothing but the login", "concurrency" not in page.text("body"))
    page.all("#login input")[0].send_keys("rmp_00000000_wrong")
    page.click("#login button")
    told = until("a wrong token is refused", lambda: page.text("#login .problem"))
    check("a wrong token is refused in words", "not the token of a user" in told)

    # A viewer looks and changes nothing.
    log_in(page, server, server.tokens["viewer"])
    until("a viewer is in", lambda: "viewer (viewer)" in page.text("body"))
    cookie = next(one for one in page.driver.get_cookies() if one["name"] == "rampmeter_session")
    check("no script reads the cookie and no other site sends it", cookie["httpOnly"] and cookie["sameSite"] == "Strict"
          and page.driver.execute_script("return document.cookie") == "")
    kept = page.driver.execute_script("return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])")
    check("the token is kept nowhere in the page", server.tokens["viewer"] not in kept)
    page.driver.get(server.admin + "/targets/vendor")
    until("the limits are listed", lambda: "account" in page.text("section table"))
    offered = [button.text for button in page.all(".head button, section table button")]
    check(f"a viewer is offered no change {offered}", not offered)
    status = page.driver.execute_async_script(
        "fetch('/v1/targets/vendor/pause', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' })"
        ".then((answer) => arguments[arguments.length - 1](answer.status))")
    check("what a role may not is refused though the page asks for it", status == 403)
    check("a viewer paused nothing", server.get("/v1/targets")["targets"][0]["paused"] == [])
    log_out(page)

    # An operator changes something, under their own name.
    log_in(page, server, server.tokens["operator"])
    until("an operator is in", lambda: "operator (operator)" in page.text("body"))
    page.driver.get(server.admin + "/targets/vendor")
    for word, paused in (("Pause", ["target"]), ("Resume", [])):
        page.click(".head button", word)
        page.click("dialog button[type=submit]", word)
        until(f"{word} is done", lambda: server.get("/v1/targets")["targets"][0]["paused"] == paused)
    page.driver.get(server.admin + "/changes")
    check("the change has a name", "operator" in until("the audit trail", lambda: page.text("table")))

    # Names are shown, and turn nothing round.
    server.operation("AWSStepFunctions.StartExecution", {"name": BACKWARDS, "input": json.dumps({"note": BACKWARDS}),
        "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:pass"})
    page.driver.get(server.admin + "/executions")
    shown = until("the execution is listed", lambda: "live" in page.text("table") and page.text("table"))
    check("what turns the writing round is written out", r"n\u202elive\ufeff" in shown and "\u202e" not in shown)
    return hostile(server, page, vendor_saw, check)


def hostile(server, page, vendor_saw, check):
    """A page of another site, while an operator is logged in."""
    query = urllib.parse.urlencode({"Action": "SendMessage", "QueueUrl": "vendor-high", "MessageBody": CALL})
    places = {"admin": server.admin, "aws": server.aws, "call": CALL, "query": query, "token": server.tokens.get("viewer", "")}
    port, _ = served(lambda path: HOSTILE % places if path == "/" else "")
    before = server.get("/v1/changes")["changes"]
    page.driver.get(f"http://evil.localhost:{port}/")
    until("everything is tried", lambda: page.driver.title == "tried")
    tried = page.driver.execute_script("return window.tried")
    readable = [one for one in tried if " basic " in one or " cors " in one or one.startswith("read ") and "refused" not in one]
    check(f"a page of another site reads nothing {tried}", len(tried) == 8 and not readable)
    page.driver.switch_to.frame("framed")
    check("it shows no page of ours in a frame", "Rampmeter" not in page.driver.execute_script("return document.title + document.body.innerText"))
    page.driver.switch_to.default_content()
    # A link in a mail: the browser goes there by itself.
    page.driver.get(f"{server.aws}/?{query}")
    # A name of the attacker's that leads to this machine.
    page.driver.get(server.admin.replace("127.0.0.1", "rebound.example") + "/v1/targets")
    rebound = page.driver.execute_script("return document.body.innerText")
    check("a foreign name for this machine gets nothing", '"targets"' not in rebound and "error" in rebound)
    after = server.get("/v1/changes")["changes"]
    check("it changed nothing", before == after and server.get("/v1/targets")["targets"][0]["paused"] == [])
    check(f"it called no vendor {vendor_saw}", not vendor_saw and not server.get("/v1/calls")["calls"])
    if server.tokens:
        page.driver.get(server.admin + "/")
        until("the operator is still who they were", lambda: "operator (operator)" in page.text("body"))
        check("it logged nobody in or out", True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    arguments = parser.parse_args()
    program = str(pathlib.Path(arguments.program).resolve())
    failed = []

    def check(what, holds):
        print(f"{'ok' if holds else 'FAILED'}  {what}", flush=True)
        if not holds:
            failed.append(what)

    vendor, vendor_saw = served(lambda _: "")
    # Chromium asks the name servers of nobody.
    browser.FLAGS.append("--host-resolver-rules=MAP rebound.example 127.0.0.1")
    axe = pathlib.Path(__file__)
    for admin in ('users = "users.json"', "login = false"):
        with tempfile.TemporaryDirectory() as directory:
            server = Guarded(program, directory, f"http://127.0.0.1:{vendor}", admin)
            if "users" in admin:
                server.tokens = {role: server.user("add", role, "--role", role) for role in ROLES}
            server.start("serve", "--config", str(server.config))
            page = Page(server, axe, None)
            try:
                if server.tokens:
                    run(server, page, vendor_saw, check)
                    # Whoever is removed is out, and sees the login again.
                    server.user("remove", "operator")
                    page.driver.get(server.admin + "/")
                    until("a removed user is out", lambda: page.driver.refresh() or page.all("#login input"))
                    check("whoever is removed is out", True)
                else:
                    hostile(server, page, vendor_saw, check)
            finally:
                page.driver.quit()
                server.kill()
    print(f"{'FAILED: ' + str(len(failed)) if failed else 'the login: all checks passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
