"""What each file of the tree owes its reader: a name that says something, an opening line, tests that are there."""

import re

WORDS = re.compile(r"^(utils?|common|manager|helpers?)$")
TEST = re.compile(r"`([a-z_0-9]{20,})`")


def name_breaches(path):
    parts = path.split("/")
    stem = parts[-1].split(".")[0]
    if any(WORDS.match(part) for part in [*parts[:-1], stem]):
        yield f"{path}: a name that says nothing"


def opening_breaches(path, text):
    if not text.startswith("//!"):
        yield f"{path}: does not open with what it is (//!)"


def promise_breaches(promises, sources):
    """Every test that PROMISES.md names exists. `sources`: all of our Rust."""
    for name in TEST.findall(promises):
        if f"fn {name}" not in sources:
            yield f"PROMISES.md: no test is called {name}"
