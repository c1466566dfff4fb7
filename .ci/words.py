#!/usr/bin/env python3
"""The sources use the words of docs/glossary.md.

The third column of its table "Our words" lists banned identifiers: `Name` everywhere, `crate:Name` in that crate, and a
name that ends with * bans all that begin so. Comments and strings do not count. Prints each use, and exits 1 if there is
one.
"""

import pathlib
import re
import sys

import structure

ROOT = pathlib.Path(__file__).resolve().parent.parent


def banned(page):
    table = page.split("## Our words", 1)[1].split("\n## ", 1)[0]
    for row in table.splitlines():
        cells = row.split(" | ")
        if row.startswith("| **") and len(cells) == 3:
            word = re.search(r"\*\*(.+?)\*\*", cells[0]).group(1)
            for name in re.findall(r"`([\w:*]+)`", cells[2]):
                yield word, name


def uses():
    rules = []
    for word, name in banned((ROOT / "docs/glossary.md").read_text()):
        crate, _, bare = name.rpartition(":")
        rules.append((word, crate, re.compile(r"(?<![\w'])" + bare.replace("*", r"\w*") + r"\b")))
    for path in sorted((ROOT / "crates").rglob("*.rs")):
        rooms = path.relative_to(ROOT / "crates")
        text = structure.TOKEN.sub(lambda found: " " if found.group()[0] in "/'" else '""', path.read_text())
        for word, crate, pattern in rules:
            found = pattern.findall(text) if not crate or rooms.parts[0] == crate else []
            if found:
                yield f"{rooms}: {found[0]} stands there {len(found)} times; docs/glossary.md says: {word}"


def main():
    lines = list(uses())
    for line in lines:
        print(line)
    print(f"words: {len(lines)} breaches")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
