#!/usr/bin/env python3
"""What no compiler checks: the arrows between the rooms, licences and bans of deny.toml, and the house rules of files.

Prints one line for each breach and exits 1 if there is any. Needs nothing but Python 3.11 and cargo.
"""

import json
import pathlib
import re
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
ARROWS = {
    "rampmeter-expression": set(),
    "rampmeter-asl": {"rampmeter-expression"},
    "rampmeter-dispatch": set(),
    "rampmeter-standin": set(),
    "rampmeter-call": {"rampmeter-dispatch"},
    "rampmeter-caller": {"rampmeter-call"},
    "rampmeter-config": {"rampmeter-call", "rampmeter-caller", "rampmeter-dispatch"},
    "rampmeter-store": {"rampmeter-asl", "rampmeter-dispatch", "rampmeter-caller"},
    "rampmeter-engine": {
        "rampmeter-asl", "rampmeter-dispatch", "rampmeter-caller", "rampmeter-config", "rampmeter-store",
    },
    "rampmeter-aws": {"rampmeter-asl", "rampmeter-call", "rampmeter-caller", "rampmeter-config", "rampmeter-dispatch"},
    "rampmeter": {
        "rampmeter-asl", "rampmeter-call", "rampmeter-caller", "rampmeter-config", "rampmeter-dispatch", "rampmeter-engine",
        "rampmeter-standin",
    },
}
# The pure crates may use these and nothing else, so that no clock, file or socket comes in by a dependency.
# jlens-core reads the clock only when it is given neither a time nor a seed; expression always gives both.
PURE = {"jiff", "jlens-core", "postcard", "serde", "serde_json", "sha1", "sha2", "md-5", "base64", "stacker", "thiserror"}
LONGEST_FILE = 600
WORDS = re.compile(r"^(utils?|common|manager|helpers?)$")

breaches = []


def breach(text):
    breaches.append(text)


def metadata():
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def check_arrows(packages, members):
    for package in packages:
        if package["id"] not in members:
            continue
        name = package["name"]
        if name not in ARROWS:
            breach(f"{name}: not in the table of rooms in .ci/tidy.py")
            continue
        normal = {d["name"] for d in package["dependencies"] if d["kind"] is None}
        ours = {d for d in normal if d.startswith("rampmeter")}
        for extra in sorted(ours - ARROWS[name]):
            breach(f"{name}: may not use {extra}")
        if name in ("rampmeter-asl", "rampmeter-dispatch", "rampmeter-expression"):
            for extra in sorted(normal - ours - PURE):
                breach(f"{name}: {extra} is not among the pure helpers")


def check_licences(packages, members):
    deny = tomllib.loads((ROOT / "deny.toml").read_text())
    allowed = set(deny["licenses"]["allow"])
    banned = {entry["name"]: entry for entry in deny["bans"]["deny"]}
    for package in packages:
        name = package["name"]
        if package["id"] in members:
            continue
        if name in banned and "wrappers" not in banned[name]:
            breach(f"{name}: banned ({banned[name].get('reason', 'see deny.toml')})")
        if package["source"] is None or not package["source"].startswith("registry+"):
            breach(f"{name}: comes from {package['source']}")
        licence = (package["license"] or "none").replace("/", " OR ")
        alternatives = [part.strip(" ()") for part in licence.split(" OR ")]
        if not any(all(term.strip(" ()") in allowed for term in option.split(" AND ")) for option in alternatives):
            breach(f"{name}: licence {licence} is not in deny.toml")


def check_files():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        path = ROOT / line
        if WORDS.match(path.stem) or any(WORDS.match(part) for part in path.relative_to(ROOT).parts[:-1]):
            breach(f"{line}: a name that says nothing")
        if path.suffix != ".rs" or not path.exists():
            continue
        text = path.read_text()
        if not text.startswith("//!"):
            breach(f"{line}: does not open with what it is (//!)")
        if text.count("\n") > LONGEST_FILE:
            breach(f"{line}: {text.count(chr(10))} lines, more than {LONGEST_FILE}")


def check_promises():
    """Every test and command that PROMISES.md names exists."""
    sources = "\n".join(path.read_text() for path in ROOT.glob("crates/**/*.rs"))
    for name in re.findall(r"`([a-z_0-9]{20,})`", (ROOT / "PROMISES.md").read_text()):
        if f"fn {name}" not in sources:
            breach(f"PROMISES.md: no test is called {name}")


def main():
    data = metadata()
    members = set(data["workspace_members"])
    check_arrows(data["packages"], members)
    check_licences(data["packages"], members)
    check_files()
    check_promises()
    for line in breaches:
        print(line)
    print(f"tidy: {len(data['packages'])} packages, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
