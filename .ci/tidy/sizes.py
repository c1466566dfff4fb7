"""How large things may be: files, folders, crates, types. What is larger is in a table with its present size; that
number may only fall, so change it when it has."""

import collections
import re

import structure

FILE_LINES = 600
# Rust files beside each other. Exempt are only files that are not Rust: recorded cases, golden files, the pages of the
# dashboard, of which each is one view.
FOLDER_FILES = 20
CRATE_LINES = 15_000
METHODS = 40

WIDE_FOLDERS = {}
LARGE_CRATES = {"rampmeter": 12_000}
LARGE_TYPES = {}

# An inherent `impl`: a name follows, and no `for`. A generic parameter may not hold a brace.
IMPL = re.compile(r"^impl(?:<[^{]*?>)?\s+(?P<name>[\w:]+)(?:<[^{]*?>)?\s*(?:where[^{]*)?\{", re.M)
METHOD = re.compile(r"^    (?:pub(?:\([^)]*\))? )?(?:(?:const|async|unsafe) )*fn ", re.M)


def bound(table, key, usual):
    return table.get(key, usual)


def too_large(what, size, limit, unit):
    return f"{what}: {size} {unit}, more than {limit}"


def file_breaches(path, text):
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield too_large(path, lines, FILE_LINES, "lines")


def folder_breaches(paths, wide=None):
    """`paths`: Rust files of the tree, from its root."""
    count = collections.Counter(path.rsplit("/", 1)[0] for path in paths if "/" in path)
    for folder, files in sorted(count.items()):
        limit = bound(WIDE_FOLDERS if wide is None else wide, folder, FOLDER_FILES)
        if files > limit:
            yield too_large(folder, files, limit, "files beside each other")


def crate_breaches(root, name):
    lines = sum(path.read_text().count("\n") for path in root.rglob("*.rs"))
    limit = bound(LARGE_CRATES, name, CRATE_LINES)
    if lines > limit:
        yield too_large(f"crates/{name}/src", lines, limit, "lines")


def methods(text):
    """How many functions the inherent `impl` blocks of each type have."""
    text, count = structure.bare(text), collections.Counter()
    for found in IMPL.finditer(text):
        depth, end = 1, found.end()
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        count[found["name"].rsplit("::", 1)[-1]] += len(METHOD.findall(text[found.end() : end]))
    return count


def type_sizes(root):
    count = collections.Counter()
    for path in root.rglob("*.rs"):
        count.update(methods(path.read_text()))
    return count


def type_breaches(root, name, large=None):
    for of, number in sorted(type_sizes(root).items()):
        limit = bound(LARGE_TYPES if large is None else large, (name, of), METHODS)
        if number > limit:
            yield too_large(f"crates/{name}: {of}", number, limit, "methods")


def notes(root, name):
    """Entries of the tables that may be lowered or removed by now. Not a breach: the change that made it smaller may be another one."""
    count = type_sizes(root)
    for (crate, of), limit in LARGE_TYPES.items():
        if crate == name and count[of] < limit:
            yield f"note: crates/{name}: {of} has {count[of]} methods, .ci/tidy/sizes.py still allows {limit}"
