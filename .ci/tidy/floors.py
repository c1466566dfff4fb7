"""The arrows inside the crates: floors, and no folder in a circle of imports."""

import structure

# For each crate and folder, its files and folders, from the top floor to the bottom one. A file or folder
# imports only from floors below its own, never from its own floor. What has no floor is a breach.
FLOORS = {
    ("rampmeter", ""): [{"cli"}, {"serve"}, {"client", "log", "problem"}],
    ("rampmeter", "cli"): [
        {"aws", "backup", "call", "dev", "dlq", "env", "exec", "health", "init", "limit", "man", "monitoring",
         "start", "user"},
        {"check", "target"},
        {"answer", "bulk", "explain", "follow", "listing", "rate", "version"},
    ],
    ("wire", ""): [
        {"server"}, {"table"}, {"sqs", "states", "sts"}, {"operation"}, {"protocol"}, {"loopback", "peer", "sigv4"},
    ],
    ("admin", ""): [
        {"routes"}, {"site"}, {"health"}, {"change", "parameters"}, {"access", "response", "dashboard", "redaction", "target"},
        {"explanation"},
    ],
    ("template", ""): [
        {"check"}, {"report"}, {"module"}, {"resource"}, {"rights"},
        {"address", "bill", "definition", "deployment", "document", "worker"}, {"name", "transitions"},
    ],
    ("simulate", ""): [
        {"input"}, {"arguments", "report"}, {"study"}, {"world"}, {"workload"}, {"quantity", "random"},
    ],
    ("lab", ""): [
        {"bench", "dev", "trial"}, {"demo", "mock"}, {"arguments", "directory", "faults", "interruption"},
    ],
    ("lambda", ""): [
        {"function"},
        {"drain", "slot", "undelivered"},
        {"call", "keeper"},
        {"worker"},
        {"metrics", "selection", "service", "xray"},
        {"conclusion", "event", "job", "settings"},
        {"clock", "daemon", "ending", "hiding", "random", "shared", "trace"},
    ],
    ("engine", ""): [{"api"}, {"commit"}, {"apply"}, {"memory"}, {"command"}],
    ("engine", "apply"): [
        {"control"}, {"workflow"}, {"machines"}, {"calls"}, {"queues"}, {"subject"}, {"journal"},
        {"outbox", "pending"},
    ],
}

# Circles that are still there, by the folder they lie in. A circle may lose names and gains none.
CIRCLES = {}


def floor_breaches(crate, name, floors=None):
    """`crate`: its modules; `name`: its directory under `crates`."""
    for (of, folder), order in (FLOORS if floors is None else floors).items():
        if of != name:
            continue
        height = {member: len(order) - place for place, floor in enumerate(order) for member in floor}
        path = tuple(folder.split("/")) if folder else ()
        where = "/".join(("crates", name, "src", *path))
        for member, imports in sorted(crate.arrows(path).items()):
            if member not in height:
                yield f"{where}: {member} has no floor in .ci/tidy/floors.py"
                continue
            for other in sorted(imports):
                if height.get(other, 0) >= height[member]:
                    yield f"{where}: {member} may not import from {other}"


def circle_breaches(crate, name, known=None):
    for where, ring in structure.folder_circles(crate):
        if not set(ring) <= (CIRCLES if known is None else known).get((name, where), set()):
            yield f"crates/{name}: {where}: a folder imports in a circle: {' <-> '.join(ring)}"
