"""What a release says of itself: its bill of materials (CycloneDX 1.5) and its provenance (in-toto, SLSA 1.0).

    statements.py sbom TARGET TIME                       cargo's metadata of the workspace in, CycloneDX out
    statements.py provenance COMMIT TIME BUILDER FILE... the files' digests in, one statement out

The bill of materials lists what is linked into `rampmeter` for TARGET: normal and build dependencies, but none of tests. The
provenance is not signed here: whoever publishes signs it.
"""

import datetime
import hashlib
import json
import os
import subprocess
import sys


def stamp(time):
    return datetime.datetime.fromtimestamp(time, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def metadata(target):
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def linked(data):
    """The packages that `rampmeter` needs, itself first, each with its own dependencies among them."""
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    packages = {package["id"]: package for package in data["packages"]}
    root = next(i for i, package in packages.items() if package["name"] == "rampmeter")
    found, todo = {}, [root]
    while todo:
        current = todo.pop()
        if current in found:
            continue
        needs = [
            need["pkg"]
            for need in nodes[current]["deps"]
            if any(kind["kind"] != "dev" for kind in need["dep_kinds"])
        ]
        found[current] = needs
        todo.extend(needs)
    return root, found, packages


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def checksums():
    """The lock file's checksum of each package, by name and version."""
    import tomllib

    with open("Cargo.lock", "rb") as file:
        lock = tomllib.load(file)
    return {(p["name"], p["version"]): p["checksum"] for p in lock["package"] if "checksum" in p}


def component(package, sums):
    own = package["source"] is None
    made = {
        "type": "application" if package["name"] == "rampmeter" else "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "scope": "required",
        "purl": purl(package),
    }
    if package.get("license"):
        # Older packages write a slash where SPDX has OR.
        made["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = sums.get((package["name"], package["version"]))
    if checksum and not own:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return made


def sbom(target, time):
    root, found, packages = linked(metadata(target))
    sums = checksums()
    order = sorted((i for i in found if i != root), key=lambda i: purl(packages[i]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": stamp(time),
            "component": component(packages[root], sums),
            "properties": [{"name": "cargo:target", "value": target}],
        },
        "components": [component(packages[i], sums) for i in order],
        "dependencies": [
            {
                "ref": purl(packages[i]),
                "dependsOn": sorted({purl(packages[need]) for need in found[i]}),
            }
            for i in [root, *order]
        ],
    }


def provenance(commit, time, builder, files):
    def subject(path):
        with open(path, "rb") as file:
            return {"name": os.path.basename(path), "digest": {"sha256": hashlib.sha256(file.read()).hexdigest()}}

    rustc = subprocess.run(["rustc", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [subject(path) for path in files],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": "https://rampmeter.invalid/release/1",
                "externalParameters": {"command": ".ci/release"},
                "internalParameters": {"rustc": rustc},
                "resolvedDependencies": [{"uri": "git+commit", "digest": {"gitCommit": commit}}],
            },
            "runDetails": {"builder": {"id": builder}, "metadata": {"finishedOn": stamp(time)}},
        },
    }


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sbom", target, time]:
            made = sbom(target, int(time))
        case ["provenance", commit, time, builder, *files] if files:
            made = provenance(commit, int(time), builder, files)
        case _:
            sys.exit(__doc__)
    print(json.dumps(made, indent=1))
