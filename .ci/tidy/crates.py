"""The arrows between the crates, and what else the pure ones may use."""

ARROWS = {
    "asl": {"expression"},
    "expression": set(),
    "dispatch": set(),
    "clock": {"dispatch"},
    "orders": {"dispatch"},
    "standin": set(),
    "terminal": {"visible"},
    "visible": set(),
    "time": {"dispatch"},
    "call": {"dispatch"},
    "caller": {"call"},
    "config": {"call", "caller", "dispatch", "time"},
    "store": {"asl", "clock", "call", "dispatch", "time"},
    "invocation": {"asl", "call", "caller", "store"},
    "index": {"asl", "call", "caller", "config", "dispatch", "store", "succession", "time"},
    "succession": {"caller", "clock", "config", "dispatch", "store"},
    "evaluation": {"asl", "call", "caller"},
    "engine": {
        "invocation", "asl", "clock", "call", "caller", "config", "dispatch", "evaluation", "index", "store", "succession", "time",
    },
    "wire": {"asl", "config", "engine", "time"},
    "admin": {"config", "dispatch", "engine", "time", "visible", "wire"},
    "template": {"asl", "call", "caller", "config", "dispatch", "terminal", "time"},
    "simulate": {"call", "config", "dispatch", "engine", "template", "terminal", "time"},
    "lambda": {"asl", "call", "caller", "config", "dispatch", "orders"},
    "lab": {
        "admin", "asl", "config", "dispatch", "engine", "simulate", "standin", "terminal", "time", "wire",
    },
    "rampmeter": {
        "admin", "asl", "call", "caller", "config", "dispatch", "engine", "lab", "orders", "simulate", "template",
        "terminal", "time", "wire",
    },
}

# The pure crates may use these and nothing else, so that no clock, file or socket comes in by a dependency.
# jlens-core reads the clock only when it is given neither a time nor a seed; expression always gives both.
PURE = {"asl", "call", "dispatch", "expression", "orders", "time", "visible"}
PURE_HELPERS = {
    "base64", "http", "jiff", "jlens-core", "md-5", "percent-encoding", "postcard", "regex", "regex-automata", "serde",
    "serde_json", "sha1", "sha2", "stacker", "strsim", "thiserror", "url",
}


def short(package):
    """`rampmeter-wire` is the crate `wire`; the binary keeps its name."""
    return package.removeprefix("rampmeter-")


def breaches(packages, arrows=None):
    """`packages`: those of the workspace, as cargo's metadata has them."""
    arrows = ARROWS if arrows is None else arrows
    for package in packages:
        name = short(package["name"])
        if name not in arrows:
            yield f"{name}: not in the table of crates in .ci/tidy/crates.py"
            continue
        normal = {dep["name"] for dep in package["dependencies"] if dep["kind"] is None}
        ours = {dep for dep in normal if dep.startswith("rampmeter")}
        for extra in sorted({short(dep) for dep in ours} - arrows[name]):
            yield f"{name}: may not use {extra}"
        if name in PURE:
            for extra in sorted(normal - ours - PURE_HELPERS):
                yield f"{name}: {extra} is not among the pure helpers"
