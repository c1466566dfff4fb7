#!/usr/bin/env python3
"""The shape of each crate from its `use` paths: which module imports which, and whether folders import in a circle.

Reads Rust as text, well enough for this house: comments, strings and tests are cut away, every path that begins with
`crate`, `super` or `self` is followed to the deepest module that it names, also through a re-export. `tidy.py` uses it; by
itself it prints the circles and, with the name of a crate, every arrow between the folders of it.
"""

import pathlib
import re
import sys

TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|'(?:\\.[^']*|[^'\\])'""", re.S
)
REEXPORT = re.compile(r"^pub(?:\([^)]*\))? use (?:self::)?([^;]*);", re.M)
PATH = re.compile(r"(?<![\w:$])(crate|super|self)((?:\s*::\s*(?:\w+|\{|\*))+)")


def bare(text):
    """The code without comments, strings and the module of tests at its end."""
    text = TOKEN.sub(lambda found: " " if found.group()[0] in "/'" else '""', text)
    return re.sub(r"#\[cfg\(test\)\]\s*(?:#\[[^\]]*\]\s*)*mod \w+ \{.*", "", text, flags=re.S)


def paths_of(text):
    """Each path of the code as a list of names; a group in braces gives one path for each of its members."""
    for found in PATH.finditer(text):
        names = [name for name in re.split(r"\s*::\s*", found.group(0)) if name]
        if names[-1] != "{":
            yield names
            continue
        prefix, depth, begin = names[:-1], 1, found.end()
        end = begin
        while depth and end < len(text):
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        yield from group(prefix, text[begin : end - 1])


def group(prefix, inner):
    member, depth = "", 0
    for character in inner + ",":
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character != "," or depth:
            member += character
            continue
        member = member.split(" as ")[0].strip()
        if "{" in member:
            head, rest = member.split("{", 1)
            names = [name.strip() for name in head.split("::") if name.strip()]
            yield from group(prefix + names, rest.rsplit("}", 1)[0])
        elif member:
            yield prefix + [name.strip() for name in member.split("::")]
        member = ""


class Crate:
    """The modules of one crate and what each imports."""

    def __init__(self, root):
        self.root = root
        self.files = {}
        tests = self.test_modules(root)
        for path in sorted(root.rglob("*.rs")):
            module = self.module(path)
            if module is None or any(module[: len(test)] == test for test in tests):
                continue
            self.files[module] = path
        self.modules = {module[:size] for module in self.files for size in range(len(module) + 1)}
        self.reexports = {module: self.reexported(module) for module in self.files}
        self.imports = {module: self.imported(module) for module in self.files}

    def module(self, path):
        parts = list(path.relative_to(self.root).with_suffix("").parts)
        if parts in (["lib"], ["main"]):
            return ()
        if parts[-1] == "mod":
            parts.pop()
        return tuple(parts)

    def test_modules(self, root):
        found = set()
        for path in root.rglob("*.rs"):
            for name in re.findall(r"#\[cfg\(test\)\]\s*(?:pub\S* )?mod (\w+);", path.read_text()):
                found.add((self.module(path) or ()) + (name,))
        return found

    def reexported(self, module):
        """Names that a module re-exports: name -> the module that has it. `*` and renamed names are left out."""
        found = {}
        for path in REEXPORT.findall(bare(self.files[module].read_text())):
            for names in group([], path):
                at, rest = self.resolved(module, names if names[0] in ("crate", "super") else ["self", *names])
                if at != module and len(rest) == 1:
                    found[rest[0]] = at
        return found

    def imported(self, module):
        found = set()
        for names in paths_of(bare(self.files[module].read_text())):
            at, rest = self.resolved(module, names)
            if rest:
                at = self.reexports.get(at, {}).get(rest[0], at)
            if at != module:
                found.add(at)
        return found

    def resolved(self, module, names):
        """The deepest module that a path names, seen from `module`, and what of the path is left."""
        at, rest = () if names[0] == "crate" else module, names[1:]
        if names[0] == "super":
            at = at[:-1]
            while rest and rest[0] == "super":
                at, rest = at[:-1], rest[1:]
        while rest and at + (rest[0],) in self.modules:
            at, rest = at + (rest[0],), rest[1:]
        return at, rest

    def arrows(self, folder=()):
        """The imports between siblings in a folder: name -> names. The folder's own file is left out."""
        depth, graph = len(folder), {}
        for module, imports in self.imports.items():
            if len(module) <= depth or module[:depth] != folder:
                continue
            seen = graph.setdefault(module[depth], set())
            for other in imports:
                if len(other) > depth and other[:depth] == folder and other[depth] != module[depth]:
                    seen.add(other[depth])
        return graph

    def folders(self):
        return sorted({module[:size] for module in self.files for size in range(len(module))})

    def is_folder(self, module):
        return any(len(other) > len(module) and other[: len(module)] == module for other in self.files)


def circles(graph):
    """The strongly connected components of more than one name (Tarjan)."""
    index, low, stack, on, found = {}, {}, [], set(), []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        on.add(name)
        for other in sorted(graph.get(name, ())):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in on:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            ring = []
            while True:
                other = stack.pop()
                on.discard(other)
                ring.append(other)
                if other == name:
                    break
            if len(ring) > 1:
                found.append(sorted(ring))

    for name in sorted(graph):
        if name not in index:
            visit(name)
    return found


def folder_circles(crate):
    """Circles in which a folder takes part: (the folder that contains them, the names)."""
    for folder in crate.folders():
        for ring in circles(crate.arrows(folder)):
            if any(crate.is_folder(folder + (name,)) for name in ring):
                yield "::".join(("crate",) + folder), ring


def main():
    top = pathlib.Path(__file__).resolve().parent.parent
    asked = sys.argv[1:]
    for root in sorted(top.glob("crates/*/src")):
        crate = Crate(root)
        for where, ring in folder_circles(crate):
            print(f"{root.parent.name}: {where}: {' <-> '.join(ring)}")
            if root.parent.name in asked:
                depth = where.count("::")
                for module, imports in sorted(crate.imports.items()):
                    for other in sorted(imports):
                        one, two = module[depth : depth + 1], other[depth : depth + 1]
                        if one != two and one and two and one[0] in ring and two[0] in ring:
                            print(f"    {'::'.join(module)} -> {'::'.join(other)}")


if __name__ == "__main__":
    main()
