#!/usr/bin/env python3
"""The names in ARCHITECTURE.md are those of the tree.

Every path of a Rust file, folder or other file that is written there as code exists, and every function, written
`name()`, is defined in the Rust file that its paragraph or row names last before it. Prints one line for each that is gone.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SPAN = re.compile(r"`([^`\n]+)`")
PATH = re.compile(r"^[\w.-]+(/[\w.{},-]+)*/?$")
FUNCTION = re.compile(r"^(?:(\w+)::)?(\w+)\(\)$")


def blocks(text):
    """Paragraphs, items of lists and rows of tables."""
    block = ""
    for line in text.splitlines():
        if not line.strip() or re.match(r"\s*(\||[-*] |\d+\. |#)", line):
            yield block
            block = ""
        block += line + "\n"
    yield block


def found(name):
    """The path that a name stands for: from the root, or from `crates`, with or without its `src`."""
    parts = name.rstrip("/").split("/")
    tries = [name, f"crates/{name}", "/".join(["crates", parts[0], "src", *parts[1:]])]
    for each in tries:
        if (ROOT / each).exists():
            return ROOT / each
    return None


def breaches(text):
    for block in blocks(text):
        file = None
        for span in SPAN.findall(block):
            function = FUNCTION.match(span)
            if function and file is not None:
                if not re.search(rf"\bfn {function.group(2)}\b", file.read_text()):
                    yield f"{file.relative_to(ROOT)} defines no {span}"
            elif function:
                yield f"{span} stands there without its file"
            elif PATH.match(span) and "{" not in span and ("/" in span or span.endswith(".rs")):
                path = found(span)
                if path is None:
                    yield f"{span} is not in the tree"
                elif path.suffix == ".rs":
                    file = path


def main():
    lines = list(breaches((ROOT / "ARCHITECTURE.md").read_text()))
    for line in lines:
        print(f"ARCHITECTURE.md: {line}")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
