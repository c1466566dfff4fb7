#!/usr/bin/env python3
"""What is tested is what is built.

`cargo test --workspace` joins what the worker on AWS and the tests ask of a library with what the rest asks of it; `cargo build`
builds without them. A crate that leans on a feature which it did not ask for passes every test and does not build for a user.
Building everything twice would show it, at the cost of a second set of libraries. This compares the two sets of features instead:
a library that our crates name has the same ones in both, or the difference stands in GIVEN with what it brings, which no source
outside the worker uses. Libraries that only other libraries name are theirs to get right.

Prints each breach, and exits 1 if there is one.
"""

import pathlib
import re
import subprocess
import sys
import tomllib

import structure

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Features that only the worker or the tests bring in, and the names that come with each; none where it changes nothing that
# sources can name.
GIVEN = {
    "getrandom": {"std": [], "sys_rng": ["SysRng"]},
    "rustix": {"default": []},
    "tokio": {"fs": ["tokio::fs"]},
    "tracing": {
        "attributes": ["instrument"],
        "default": [],
        "log": [],
        "tracing-attributes": ["instrument"],
    },
}


def features(*what):
    """The features of each library, by name and version."""
    command = ["cargo", "tree", "--locked", "--prefix", "none", "--format", "{p} [{f}]", *what]
    found = {}
    for line in subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines():
        entry = re.match(r"(\S+) (v\S+).*\[(.*?)\]", line)
        if entry:
            name, version, listed = entry.groups()
            found.setdefault((name, version), set()).update(filter(None, listed.split(",")))
    return found


def sources():
    """The sources that `cargo build` builds, without comments and strings."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())
    for member in manifest["workspace"]["default-members"]:
        for path in sorted((ROOT / member / "src").rglob("*.rs")):
            text = structure.TOKEN.sub(lambda found: " " if found.group()[0] in "/'" else '""', path.read_text())
            yield path.relative_to(ROOT), text


def breaches():
    named = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["dependencies"]
    built = features("--edges", "normal,build")
    tested = features("--workspace", "--edges", "normal,build,dev")
    names = {}
    for (library, version), asked in sorted(built.items()):
        if library not in named:
            continue
        for feature in sorted(tested.get((library, version), asked) - asked):
            if feature not in GIVEN.get(library, {}):
                yield f"{library} has its feature {feature} only where the worker or the tests are built too: ask for it in Cargo.toml"
            for name in GIVEN.get(library, {}).get(feature, []):
                names[name] = f"{library}'s feature {feature}"
    for path, text in sources():
        for name, where in names.items():
            if re.search(rf"\b{name}\b", text):
                yield f"{path}: {name} comes with {where}, which `cargo build` does not have"


def main():
    lines = list(breaches())
    for line in lines:
        print(line)
    print(f"features: {len(lines)} breaches")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
