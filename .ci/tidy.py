#!/usr/bin/env python3
"""What no compiler checks: the arrows between the crates and inside them, sizes, licences and bans of deny.toml, and the
house rules of files. Each subject is a file in `.ci/tidy/`.

    python3 .ci/tidy.py               prints one line for each breach and exits 1 if there is any
    python3 .ci/tidy.py --self-test   plants each fault in a tree of its own and checks that it is found

Needs nothing but Python 3.11 and cargo.
"""

import json
import pathlib
import subprocess
import sys

import structure
from tidy import crates, files, floors, licences, planted, sizes, vendors

ROOT = pathlib.Path(__file__).resolve().parent.parent


def output(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def dependency_breaches(data):
    members = set(data["workspace_members"])
    ours = [package for package in data["packages"] if package["id"] in members]
    others = [package for package in data["packages"] if package["id"] not in members]
    yield from crates.breaches(ours)
    yield from licences.breaches(others, (ROOT / "deny.toml").read_text())


def file_breaches(paths):
    rust = [path for path in paths if path.endswith(".rs")]
    for path in paths:
        yield from files.name_breaches(path)
    for path in rust:
        text = (ROOT / path).read_text()
        yield from files.opening_breaches(path, text)
        yield from sizes.file_breaches(path, text)
        yield from vendors.breaches(path, text)
    yield from sizes.folder_breaches(rust)
    sources = "\n".join((ROOT / path).read_text() for path in rust)
    yield from files.promise_breaches((ROOT / "PROMISES.md").read_text(), sources)


def structure_breaches():
    for root in sorted(ROOT.glob("crates/*/src")):
        name, crate = root.parent.name, structure.Crate(root)
        yield from floors.floor_breaches(crate, name)
        yield from floors.circle_breaches(crate, name)
        yield from sizes.crate_breaches(root, name)
        yield from sizes.type_breaches(root, name)


def main():
    if "--self-test" in sys.argv[1:]:
        lines = list(planted.breaches())
        lines.append(f"tidy: {len(planted.FAULTS) + 2} planted faults, {len(lines)} not found")
        print("\n".join(lines))
        return 1 if len(lines) > 1 else 0
    data = json.loads(output("cargo", "metadata", "--format-version", "1", "--locked"))
    paths = [path for path in output("git", "ls-files").splitlines() if (ROOT / path).is_file()]
    lines = [*dependency_breaches(data), *file_breaches(paths), *structure_breaches()]
    notes = [note for root in sorted(ROOT.glob("crates/*/src")) for note in sizes.notes(root, root.parent.name)]
    print("\n".join([*notes, *lines, f"tidy: {len(data['packages'])} packages, {len(lines)} breaches"]))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
