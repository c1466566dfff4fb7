#!/usr/bin/env python3
"""Runs the recipes of examples/ against the stand-ins, with everything going wrong that can, and judges by counts.

    run.py --rampmeter target/debug/rampmeter [--executions 1000] [RECIPE ...]
    run.py --rampmeter target/debug/rampmeter --executions 100 --spoiled

Each recipe is run as its README says: `mock`, `check`, `target ping`, `serve`, `start --lines --wait`. Of its
configuration only times are changed, for a stand-in that works faster than the vendor, and for sap-repeatable what
follows a lost answer. What it must come to: every
execution succeeds, every order is there once, and the vendor's own clock saw no limit broken. Needs Python 3.11 and
openssl.
"""

import argparse
import collections
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

# A vendor that is about twenty times as fast as the real one, and goes wrong in every way.
VENDOR = [
    "--latency-mean", "60ms", "--latency-p99", "250ms", "--longest", "2s",
    "--lost-answers", "5%", "--server-errors", "2%", "--token-life", "2s",
]


RETRY = {
    'retry = { max_attempts = 8, initial = "1s", max = "2m" }': 'retry = { max_attempts = 8, initial = "200ms", max = "2s" }',
}


class Recipe:
    """One way to run one example."""

    def __init__(self, directory, config, mock, environment, changes, key=None, throttles="0.5%", part=1.0):
        self.directory, self.config, self.mock, self.environment = directory, config, mock, environment
        # Lines of the configuration that are changed here, the share of throttles, and the part of the
        # executions that this recipe gets.
        self.changes, self.key, self.throttles, self.part = {**RETRY, **changes}, key, throttles, part


RECIPES = {
    "netsuite": Recipe(
        "netsuite",
        "rampmeter.toml",
        ["netsuite", "--concurrency", "15", "--client-id", "client-1", "--certificate", "certificate.pem"],
        {"NETSUITE_URL": "{url}", "NETSUITE_RESTLETS_URL": "{url}", "NETSUITE_CLIENT_ID": "client-1",
         "NETSUITE_CERTIFICATE_ID": "certificate-1"},
        {'timeout = "60s"': 'timeout = "3s"', 'hold_after_timeout = "14m"': 'hold_after_timeout = "0s"'},
        key=("netsuite.pem", "rsa:3072"),
    ),
    "netsuite-tba": Recipe(
        "netsuite",
        "tba.toml",
        ["netsuite", "--concurrency", "15", "--consumer-key", "ck", "--consumer-secret", "cs", "--access-id", "ai",
         "--access-secret", "as"],
        {"NETSUITE_URL": "{url}", "NETSUITE_RESTLETS_URL": "{url}", "NETSUITE_ACCOUNT": "1234567_SB1", "NETSUITE_CONSUMER_KEY": "ck",
         "NETSUITE_CONSUMER_SECRET": "cs", "NETSUITE_TOKEN_ID": "ai", "NETSUITE_TOKEN_SECRET": "as"},
        {'timeout = "60s"': 'timeout = "3s"', 'hold_after_timeout = "14m"': 'hold_after_timeout = "0s"'},
        part=0.5,
    ),
    "netsuite-jobs": Recipe(
        "netsuite",
        "jobs.toml",
        ["netsuite", "--concurrency", "15", "--client-id", "client-1", "--certificate", "certificate.pem"],
        {"NETSUITE_URL": "{url}", "NETSUITE_CLIENT_ID": "client-1", "NETSUITE_CERTIFICATE_ID": "certificate-1"},
        {'timeout = "60s"': 'timeout = "1s"', 'hold_after_timeout = "14m"': 'hold_after_timeout = "1500ms"',
         'jobs = { kind = "netsuite", initial = "2s", max = "30s", give_up = "1d" }':
         'jobs = { kind = "netsuite", initial = "200ms", max = "1s", give_up = "1d" }'},
        key=("netsuite.pem", "rsa:3072"),
        part=0.1,
    ),
    "salesforce": Recipe(
        "salesforce",
        "rampmeter.toml",
        ["salesforce", "--long-running", "20", "--long-after", "100ms", "--calls-per-day", "100000",
         "--client-id", "consumer-1", "--certificate", "certificate.pem"],
        {"SALESFORCE_URL": "{url}", "SALESFORCE_CLIENT_ID": "consumer-1",
         "SALESFORCE_USERNAME": "integration@example.com"},
        {'timeout = "120s"': 'timeout = "3s"', 'hold_after_timeout = "8m"': 'hold_after_timeout = "0s"'},
        key=("salesforce.pem", "rsa:2048"),
    ),
    "sap": Recipe(
        "sap",
        "rampmeter.toml",
        ["sap", "--concurrency", "8", "--window", "60/1s", "--window", "1800/1m", "--client-id", "c",
         "--client-secret", "s", "--token-life-stated", "12h", "--session-life", "2s"],
        {"SAP_URL": "{url}", "SAP_CLIENT_ID": "c", "SAP_CLIENT_SECRET": "s", "SAP_TOKEN_URL": "{url}/oauth/token"},
        {'timeout = "60s"': 'timeout = "3s"', 'hold_after_timeout = "60s"': 'hold_after_timeout = "0s"'},
        throttles="1%",
        part=0.6,
    ),
}
RECIPES["sap-repeatable"] = Recipe(
    "sap",
    "rampmeter.toml",
    [*RECIPES["sap"].mock, "--repeatability", "oasis"],
    RECIPES["sap"].environment,
    {**RECIPES["sap"].changes, 'on_unknown = "reconcile"': 'on_unknown = "retry"'},
    throttles="1%",
    part=0.4,
)

# Runs that must be found broken, and by which checks: a vendor that allows less than the configuration says, and
# repeats that nothing absorbs.
SPOILED = {
    "netsuite-smaller": (
        "netsuite",
        lambda mock: ["6" if word == "15" else word for word in mock],
        "no limit was broken by the vendor's own count",
    ),
    "sap-forgetful": (
        "sap-repeatable",
        lambda mock: ["off" if word == "oasis" else word for word in mock],
        "no duplicate that idempotency did not absorb",
    ),
}

PING = {"sap": ["--path", "/sap/opu/odata/sap/API_SALES_ORDER_SRV/"]}


def fresh_key(directory, name, kind):
    """The command of the READMEs."""
    command = ["openssl", "req", "-x509", "-newkey", kind, "-keyout", name, "-out", "certificate.pem", "-days", "2"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*command, "-noenc", "-subj", "/CN=rampmeter"], cwd=directory, check=True, **quiet)


def prepare(recipe, directory, executions):
    """A copy of the example, its times changed, and so many orders."""
    shutil.copytree(ROOT / "examples" / recipe.directory, directory, dirs_exist_ok=True)
    config = directory / recipe.config
    text = config.read_text(encoding="utf-8")
    for real, fast in recipe.changes.items():
        assert text.count(f"\n{real}\n") == 1, f"{config}: the line {real} is not there once"
        text = text.replace(f"\n{real}\n", f"\n{fast}\n")
    config.write_text(text, encoding="utf-8")
    readme = (directory / "README.md").read_text(encoding="utf-8")
    generators = [line for line in readme.splitlines() if line.startswith("seq ")]
    assert len(generators) == 1, "the README has one line that makes orders"
    line = generators[0].replace("seq -w 1 5000", f"seq -w 1 {executions}")
    assert line != generators[0] or executions == 5000, line
    subprocess.run(["bash", "-c", line], cwd=directory, check=True)
    lines = (directory / "many.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == executions and len(set(lines)) == executions, f"{len(lines)} lines"
    if recipe.key:
        fresh_key(directory, *recipe.key)


def first_line(process, what):
    line = process.stdout.readline()
    assert line, f"{what} did not start"
    return json.loads(line)


def end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(timeout=60)


def wait_for_file(path, process):
    for _ in range(600):
        if path.exists() and path.stat().st_size:
            return json.loads(path.read_text(encoding="utf-8"))
        assert process.poll() is None, f"the server ended with {process.returncode}"
        time.sleep(0.1)
    raise AssertionError("the server is not ready")


def run(rampmeter, name, executions, directory, spoil=None):
    """Runs a recipe. Returns which checks were broken."""
    recipe = RECIPES[name]
    prepare(recipe, directory, executions)
    vendor = [*(spoil(recipe.mock) if spoil else recipe.mock), *VENDOR, "--throttles", recipe.throttles, "--port", "0", "--json", "--report", "report.json"]
    mock = subprocess.Popen([rampmeter, "mock", *vendor], cwd=directory, stdout=subprocess.PIPE, text=True)
    server = None
    try:
        url = first_line(mock, "the stand-in")["url"]
        environment = {**os.environ, **{key: value.format(url=url) for key, value in recipe.environment.items()}}
        here = {"cwd": directory, "env": environment, "text": True}
        subprocess.run([rampmeter, "check", recipe.config], check=True, stdout=subprocess.DEVNULL, **here)
        ping = ["target", "ping", recipe.directory, "--config", recipe.config, *PING.get(recipe.directory, [])]
        # One ping in fourteen is left without a good answer on purpose.
        good = any(subprocess.run([rampmeter, *ping], stdout=subprocess.DEVNULL, **here).returncode == 0 for _ in range(5))
        assert good, "target ping never succeeded"
        # A ping is made beside the gate, and the vendor counts it: no window of a second may hold both.
        time.sleep(1.2)
        serve = ["serve", "--config", recipe.config, "--data-dir", "data", "--port", "0", "--admin-port", "0"]
        log = open(directory / "serve.log", "w", encoding="utf-8")
        server = subprocess.Popen([rampmeter, *serve, "--ready-file", "ready.json"], stdout=log, stderr=log, **here)
        ready = wait_for_file(directory / "ready.json", server)
        start = ["start", "order", "--lines", "--wait", "--input", "many.jsonl", "--name", "run"]
        start += ["--server", ready["aws_url"], "-o", "jsonl"]
        started = time.monotonic()
        ended = subprocess.run([rampmeter, *start], stdout=subprocess.PIPE, timeout=900, **here)
        took = time.monotonic() - started
        assert end(server) == 0, "the server did not end well"
    finally:
        if server:
            end(server)
        end(mock)
    statuses = collections.Counter(json.loads(line)["status"] for line in ended.stdout.splitlines())
    report = json.loads((directory / "report.json").read_text(encoding="utf-8"))
    return judge(name, executions, statuses, report, took)


def judge(name, executions, statuses, report, took):
    checks = {
        "every execution succeeded": statuses == {"SUCCEEDED": executions},
        "every order is there once": report["records"] == executions,
        "no duplicate that idempotency did not absorb": report["duplicates_created"] == 0,
        "no limit was broken by the vendor's own count": report["violations"] == 0,
        "no repeat with another idempotency key": report["repeated_with_other_key"] == 0,
        "answers were lost": report["lost_answers"] > executions * 0.02,
        "the vendor failed by itself": report["server_errors"] > executions * 0.005,
        "throttles were injected": report["throttles_injected"] > 0,
        "nothing goes on": report["in_flight"] == 0,
    }
    if name != "netsuite-tba":
        # A run takes several times the life of a token.
        checks["tokens expired and were replaced"] = report["tokens_issued"] > 2
    if name in ("salesforce", "sap", "sap-repeatable"):
        checks["a token expired without notice"] = report["sign_ins_refused"].get("the access token has expired", 0) > 0
    if name == "netsuite-jobs":
        checks["every order was one job"] = report["jobs"] == executions
    if name.startswith("sap"):
        checks["sessions ended and were replaced"] = report["sessions_issued"] > 1
    if name != "sap":
        # After a lost answer "sap" asks before it sends again; all others repeat.
        checks["the vendor's idempotency absorbed repeats"] = report["absorbed"] > 0
    broken = [what for what, holds in checks.items() if not holds]
    shown = ("calls", "accepted", "rejected", "violations", "max_in_flight", "max_long_running", "records", "absorbed",
             "jobs", "jobs_looked_at", "lost_answers", "server_errors", "throttles_injected", "tokens_issued", "sign_ins_refused", "rejected_by")
    print(f"{name}: {dict(statuses)} in {took:.0f} s; " + json.dumps({key: report[key] for key in shown}))
    for window in report["windows"]:
        print(f"{name}: at most {window['most']} of {window['limit']} calls in {window['per_ms']} ms")
    return broken


def scratch(keep, name):
    if keep:
        directory = pathlib.Path(keep) / name
        directory.mkdir(parents=True)
        return contextlib.nullcontext(directory)
    return tempfile.TemporaryDirectory()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rampmeter", default=str(ROOT / "target/debug/rampmeter"))
    parser.add_argument("--executions", type=int, default=1000)
    parser.add_argument("--keep", help="a directory to leave everything in")
    parser.add_argument("--spoiled", action="store_true", help="runs that must be found broken")
    parser.add_argument("recipes", nargs="*", default=list(RECIPES), metavar="RECIPE", help=", ".join(RECIPES))
    arguments = parser.parse_args()
    rampmeter = str(pathlib.Path(arguments.rampmeter).resolve())
    wrong = 0
    if arguments.spoiled:
        for name, (recipe, spoil, expected) in SPOILED.items():
            with scratch(arguments.keep, name) as directory:
                broken = run(rampmeter, recipe, arguments.executions, pathlib.Path(directory), spoil)
            found = expected in broken
            print(f"{name}: {'found, as it must be' if found else 'NOT FOUND'}: {expected}")
            wrong += not found
        return wrong
    for name in arguments.recipes:
        executions = max(1, round(arguments.executions * RECIPES[name].part))
        with scratch(arguments.keep, name) as directory:
            broken = run(rampmeter, name, executions, pathlib.Path(directory))
        for what in broken:
            print(f"BROKEN: {name}: {what}")
        wrong += len(broken)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
