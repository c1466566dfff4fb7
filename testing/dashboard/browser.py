#!/usr/bin/env python3
"""The dashboard as a person sees it: headless Chromium on a real `rampmeter dev`.

    browser.py target/debug/rampmeter --axe FILE [--shots DIRECTORY]        (run.sh installs what it needs, and runs it)

It goes through every view in the light and the dark theme, at the width of a desktop and of a phone; changes a limit by
keyboard alone; pauses and resumes; redrives and discards dead letters; starts an execution whose data are an attack; kills
the server under the page and starts it again. It judges what the browser shows against what the server says at /v1, lets
axe-core look for barriers, and checks that nothing was loaded from elsewhere and that the browser complained of nothing.
Prints one line for each check and exits 1 when one fails.
"""

import argparse
import json
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

# Without the flags about networking Chromium asks for hosts of its maker.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--window-size=1400,1000",
]
PATIENCE = 40
ATTACK = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
LETTERS = 6
TREE = {
    "StartAt": "Items",
    "States": {
        "Items": {
            "Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.items", "Next": "Risky",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Pass", "End": True}}},
        },
        "Risky": {
            "Type": "Parallel", "End": True,
            "Branches": [{"StartAt": "Break", "States": {"Break": {"Type": "Fail", "Error": "Broken"}}}],
            "Catch": [{"ErrorEquals": ["Broken"], "Next": "Mend"}],
        },
        "Mend": {"Type": "Pass", "End": True},
    },
}


class Server:
    """`rampmeter dev` on ports of its own, or `serve` on the data that it left."""

    def __init__(self, program, directory):
        self.program, self.directory = program, pathlib.Path(directory)
        self.process = None
        self.ports = None

    def start(self, *command):
        ready = self.directory / "ready.json"
        ready.unlink(missing_ok=True)
        aws, admin = self.ports or (0, 0)
        arguments = [self.program, *command, "--data-dir", str(self.directory / "data"), "--port", str(aws),
                     "--admin-port", str(admin), "--ready-file", str(ready)]
        log = open(self.directory / "server.log", "a", encoding="utf-8")
        self.process = subprocess.Popen(arguments, stdout=log, stderr=log)
        until("the server is ready", lambda: ready.exists())
        told = json.loads(ready.read_text())
        self.aws, self.admin = told["aws_url"], told["admin_url"]
        self.ports = tuple(urllib.parse.urlsplit(url).port for url in (self.aws, self.admin))

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(self.admin + path, timeout=20) as answer:
            return json.load(answer)

    def post(self, path, body):
        request = urllib.request.Request(self.admin + path, json.dumps(body).encode(), {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def operation(self, target, body):
        request = urllib.request.Request(self.aws, json.dumps(body).encode(), {
            "content-type": "application/x-amz-json-1.0", "x-amz-target": target})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


def until(what, ask):
    """Asks again and again; a bound on a failure, not an expectation."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            found = ask()
        except StaleElementReferenceException:
            found = None
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {PATIENCE} s: {what}")
        time.sleep(0.1)


class Page:
    """The browser."""

    def __init__(self, server, axe, shots):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in FLAGS:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.server, self.axe, self.shots = server, axe.read_text(encoding="utf-8"), shots
        self.complaints, self.elsewhere, self.barriers = [], [], []

    def open(self, path):
        self.collect()
        self.driver.get(self.server.admin + path)
        until(f"{path} is shown", lambda: self.driver.find_element(By.ID, "view").text)
        until("it follows the server", lambda: "live" in self.driver.find_element(By.ID, "live").text)

    def collect(self):
        """What the browser complained of, and what it loaded from elsewhere, on the page that is left."""
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser")]
        if not self.driver.current_url.startswith("http"):
            return
        loaded = self.driver.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
        self.elsewhere += [name for name in loaded if not name.startswith(self.server.admin)]

    def expected(self, status):
        """The browser writes each refused request into its log; one with this status was meant to be."""
        entries = [entry["message"] for entry in self.driver.get_log("browser")]
        self.complaints += [entry for entry in entries if f"a status of {status}" not in entry] or ([] if entries else [f"no {status}"])

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        found = self.all(selector)
        return found[0].text if found else ""

    def click(self, selector, text=None):
        """Clicks the first element with this text; what is drawn anew each second is found anew."""
        def do():
            for element in self.all(selector):
                if text is None or element.text == text:
                    element.click()
                    return True
            return False
        until(f"{selector} {text or ''} is clicked", do)

    def click_in_row(self, word, button):
        """Clicks a button of the row that begins with a word."""
        def do():
            for row in self.all("tbody tr"):
                if row.text.split()[:1] == [word]:
                    next(one for one in row.find_elements(By.TAG_NAME, "button") if one.text == button).click()
                    return True
            return False
        until(f"{button} of {word} is clicked", do)

    def redrawn(self, selector, times):
        """Waits until what is in an element was replaced so often."""
        self.driver.execute_script(
            "window.redraws = 0; new MutationObserver(() => { window.redraws += 1; })"
            ".observe(document.querySelector(arguments[0]), { childList: true })", selector)
        until(f"{selector} is drawn anew", lambda: self.driver.execute_script("return window.redraws") >= times)

    def keys(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def judge(self, name):
        """The barriers that axe-core finds."""
        self.driver.execute_script(self.axe)
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1]; axe.run({ resultTypes: ['violations'] }).then(done)")
        for violation in found["violations"]:
            nodes = [node["html"][:120] for node in violation["nodes"][:2]]
            self.barriers.append(f"{name}: {violation['id']} ({violation['impact']}) {nodes}")
        if self.shots:
            self.driver.save_screenshot(str(self.shots / f"{name.replace('/', '_')}.png"))

    def look(self, scheme):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})


def views(server):
    execution = server.get("/v1/executions?status=SUCCEEDED&limit=1")["executions"][0]
    call = next(call for call in server.get("/v1/calls?limit=1000")["calls"] if call["priority"] == "BATCH" and call["status"] == "waiting")
    return ["/", "/targets/netsuite", "/executions", f"/executions/{execution['execution_arn']}", "/calls",
            f"/calls/{call['id']}", "/dead-letters", "/changes", "/connect"]


def run(server, page, check):
    until("executions have ended", lambda: server.get("/v1/execution-counts")["counts"].get("SUCCEEDED", 0) > 20)

    # Every view, in both looks, at two widths; what waits in BATCH stays meanwhile.
    until("a batch waits", lambda: server.get("/v1/targets")["targets"][0]["waiting"]["BATCH"] > 20)
    server.post("/v1/targets/netsuite/pause", {"priority": "BATCH"})
    for scheme, width in (("light", 1400), ("dark", 420)):
        page.look(scheme)
        page.driver.set_window_size(width, 1000)
        for path in views(server):
            page.open(path)
            if path in ("/", "/targets/netsuite"):
                until("the charts are drawn", lambda: len(page.all(".chart polyline")) >= 3)
            elif not path.startswith("/connect"):
                until(f"there is a table or a list of facts at {path}", lambda: page.all("table, dl"))
            page.judge(f"{scheme}{path[:20]}")
        wide = page.driver.execute_script("return document.documentElement.scrollWidth > innerWidth + 1")
        check(f"{scheme}: nothing is wider than {width} pixels", not wide)
    page.driver.set_window_size(1400, 1000)
    page.look("light")
    server.post("/v1/targets/netsuite/resume", {"priority": "BATCH"})

    # The overview says what the server says.
    page.open("/")
    target = server.get("/v1/targets")["targets"][0]
    row = until("the target is listed", lambda: page.text("tbody tr"))
    check("the overview names the target and its limits", all(word in row for word in ["netsuite", "account", "minute"]))
    meter = page.all("[role=meter]")[0]
    check("a meter has the limit's own maximum", meter.get_attribute("aria-valuemax") == str(target["limits"][0]["max"]))
    check("the verdict stands on top", "Flowing" in page.text(".verdict") or "Not flowing" in page.text(".verdict"))

    # An execution: waiting for a limit and working are told apart.
    # One of the batch: it waited while the lane was paused.
    waited = until("an order of the batch has ended", lambda: next((one for one in server.get(
        "/v1/executions?status=SUCCEEDED&limit=1000")["executions"] if one["duration_ms"] > 4000), None))
    page.open(f"/executions/{waited['execution_arn']}")
    until("the timeline is drawn", lambda: len(page.all(".row")) == 5)
    bars = [page.all(f".bars .{kind}") for kind in ("waited", "call")]
    check("a call has a part that waited and one that worked", all(found and found[0].size["width"] >= 2 for found in bars))
    page.click(".row:nth-of-type(1)")
    page.click("button.row .state", "Shape the sales order")
    check("a state shows its data", "salesOrder" in until("the detail", lambda: page.text(".detail")))
    for tab, word in (("Events", "TaskScheduled"), ("Input and output", "orderNumber"), ("Definition", "StartAt")):
        page.click("[role=tab]", tab)
        check(f"{tab} shows {word}", word in until(tab, lambda: page.text("#panel")))

    # A tree of states: the graph shows the status of each.
    arn = server.operation("AWSStepFunctions.CreateStateMachine", {
        "name": "tree", "roleArn": "arn:aws:iam::000000000000:role/any", "definition": json.dumps(TREE)})["stateMachineArn"]
    server.operation("AWSStepFunctions.StartExecution", {
        "stateMachineArn": arn, "name": "tree-1", "input": json.dumps({"items": [1, 2, 3]})})
    until("the tree has ended", lambda: server.get("/v1/executions/tree-1")["status"] == "SUCCEEDED")
    page.open("/executions/tree-1")
    rows = until("its states are drawn", lambda: [row.text.split("\n")[0] for row in page.all(".row .state")])
    check(f"each entry into a state is a row {rows}", sorted(rows) == sorted(["Items", "One", "One", "One", "Risky", "Break", "Mend"]))
    page.click("[role=tab]", "Graph")
    until("the graph is drawn", lambda: len(page.all(".graph .node")) == 5)
    shown = dict(node.get_attribute("aria-label").split(" ", 1) for node in page.all(".graph .node"))
    check(f"the graph says how each state stands {shown}", shown == {
        "Items": "Map · succeeded", "One": "Pass ×3 · succeeded", "Risky": "Parallel · caught", "Break": "Fail · failed",
        "Mend": "Pass · succeeded"})
    page.judge("graph")
    page.all(".graph .node[aria-label^=Mend]")[0].send_keys(Keys.ENTER)
    check("a state of the graph shows its data, by keyboard", "Mend" in until("the detail", lambda: page.text(".detail")))

    # A limit is changed by keyboard alone.
    page.open("/targets/netsuite")
    until("the limits are listed", lambda: page.all("section table button"))
    page.driver.execute_script("document.querySelector('section table button').focus()")
    page.redrawn("section", 2)
    kept = page.driver.execute_script("return document.activeElement.textContent")
    check("the focus stays where it is while the page follows the server", kept == "Change")
    page.keys(Keys.ENTER)
    until("the question is asked", lambda: page.all("dialog[open]"))
    page.keys(Keys.CONTROL, "a")
    page.keys("9", Keys.TAB, Keys.TAB, "finance close")
    effect = until("the effect is told", lambda: "15 → 9" in page.text("dialog .effect") and page.text("dialog .effect"))
    command = page.text("dialog code")
    check("the effect and the command are told before", "15 → 9" in effect and "limit set netsuite/account 9 --for 30m" in command)
    page.judge("dialog")
    page.keys(Keys.ENTER)
    changed = until("the limit is changed", lambda: next(
        (limit for limit in server.get("/v1/limits")["limits"] if limit["name"] == "account" and limit["max"] == 9), None))
    check("the limit is 9 and ends by itself", changed["configured"] == 15 and changed["expires_at"])
    until("the question is gone", lambda: not page.all("dialog"))
    until("the page shows it", lambda: "by hand, instead of 15" in page.text("section table"))
    page.click("section table button", "Reset")
    page.click("dialog button[type=submit]", "Reset")
    until("the limit is as configured", lambda: server.get("/v1/limits")["limits"][0]["max"] == 15)

    # A pause is a notice, and an entry of the audit trail.
    page.click(".head button", "Pause")
    page.click("dialog button[type=submit]", "Pause")
    until("it is paused", lambda: server.get("/v1/targets")["targets"][0]["paused"] == ["target"])
    page.open("/")
    check("a pause is told at once", until("a notice", lambda: "netsuite is paused" in page.text(".notices")))
    page.open("/targets/netsuite")
    page.click(".head button", "Resume")
    page.click("dialog button[type=submit]", "Resume")
    until("it goes on", lambda: server.get("/v1/targets")["targets"][0]["paused"] == [])
    page.open("/changes")
    trail = until("the audit trail", lambda: page.text("table"))
    check("the audit trail has the change and its reason", all(word in trail for word in ["finance close", "pause", "resume"]))

    # Dead letters: messages that are not valid calls, sent as any client would.
    for _ in range(LETTERS):
        server.operation("AmazonSQS.SendMessage", {"QueueUrl": "netsuite-batch", "MessageBody": ATTACK})
    until("they are dead letters", lambda: len(server.get("/v1/dead-letters?error=Rampmeter.InvalidMessage")["dead_letters"]) >= LETTERS)
    page.open("/dead-letters")
    until("they are listed", lambda: len(page.all("section:nth-of-type(2) tbody tr")) >= LETTERS)
    # Orders with a number that no path can hold become dead letters too; these have an execution.
    first = next(letter["id"] for letter in server.get("/v1/dead-letters")["dead_letters"] if not letter["execution_arn"])
    page.click_in_row(first, "Redrive")
    page.click("dialog button[type=submit]", "Redrive")
    told = until("the refusal is told", lambda: page.text("dialog .problem"))
    check("a refusal says why", "no valid call" in told)
    page.expected("409")
    page.click("dialog button", "Cancel")
    page.click_in_row(first, "Discard")
    page.click("dialog button[type=submit]", "Discard")
    until("it is gone", lambda: all(letter["id"] != first for letter in server.get("/v1/dead-letters")["dead_letters"]))
    check("a letter is discarded", True)

    # What an attacker wrote is text.
    started = server.operation("AWSStepFunctions.StartExecution", {
        "stateMachineArn": "arn:aws:states:us-east-1:000000000000:stateMachine:order-sync", "name": "attack",
        "input": json.dumps({"orderNumber": ATTACK, "note": ATTACK})})
    page.open("/executions/attack")
    until("it has failed", lambda: "FAILED" in page.text(".head"))
    for tab in ("Timeline", "Events", "Input and output"):
        page.click("[role=tab]", tab)
        until(f"{tab} is chosen", lambda: page.text("[aria-selected=true]") == tab)
    shown = page.text("#panel")
    check("an attack in the data is shown as text", ATTACK.split('"')[0] in shown and page.driver.title == "attack · Rampmeter")
    check("it made no element", not page.all("#panel img, #panel script"))
    check("its execution is the one of AWS's port", started["executionArn"].endswith(":attack"))

    # The search.
    for wanted, place in (("attack", "executions"), (first, "calls"), ("no-such-name", None)):
        page.open("/")
        page.keys("/")
        page.keys(wanted, Keys.ENTER)
        if place:
            until(f"{wanted} is found", lambda: f"/{place}/" in page.driver.current_url)
            if place == "calls":
                check("a call of which nothing is kept is told", until("words", lambda: "nothing is kept" in page.text("#view")))
                page.expected("404")
        else:
            check("what is not found is told", "no execution named" in until("a problem", lambda: page.text("#problem")))
    check("names and ids are found", True)
    page.expected("404")

    # The server dies under the page, and comes back.
    page.open("/")
    server.kill()
    until("the page says that nobody answers", lambda: "no answer" in page.text("#live"))
    check("a dead server is told", True)
    server.start("dev", "--no-traffic")
    until("the page follows again", lambda: "live" in page.text("#live"))
    check("the page goes on by itself", True)
    page.driver.get_log("browser")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--axe", type=pathlib.Path, required=True, help="axe.min.js")
    parser.add_argument("--shots", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.shots:
        arguments.shots.mkdir(parents=True, exist_ok=True)
    failed = []

    def check(what, holds):
        print(f"{'ok' if holds else 'FAILED'}  {what}", flush=True)
        if not holds:
            failed.append(what)

    with tempfile.TemporaryDirectory() as directory:
        server = Server(str(pathlib.Path(arguments.program).resolve()), directory)
        server.start("dev")
        page = Page(server, arguments.axe, arguments.shots)
        try:
            run(server, page, check)
        finally:
            page.driver.quit()
            server.kill()
    check(f"axe-core finds no barrier {page.barriers}", not page.barriers)
    check(f"nothing was loaded from elsewhere {page.elsewhere}", not page.elsewhere)
    check(f"the browser complained of nothing {page.complaints[:5]}", not page.complaints)
    print(f"{'FAILED: ' + str(len(failed)) if failed else 'the dashboard: all checks passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
