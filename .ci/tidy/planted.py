"""The checks on a small tree in which each fault was planted once, and on the same tree without it."""

import pathlib
import tempfile

import structure

from . import crates, files, floors, sizes, vendors

FLOORS = {("planted", ""): [{"top"}, {"middle"}, {"bottom"}]}
SOUND = {
    "lib.rs": "//! A crate.\nmod top;\nmod middle;\nmod bottom;\n",
    "top/mod.rs": "//! Uses what is below.\nuse crate::middle::Middle;\nuse crate::bottom::Bottom;\n",
    "middle/mod.rs": "//! Between.\nuse super::bottom::{self, Bottom};\npub(crate) use inner::Middle;\nmod inner;\n",
    "middle/inner.rs": "//! Inside.\npub(crate) struct Middle;\nimpl Middle {\n    fn one(&self) {}\n}\n",
    "bottom/mod.rs": "//! Nothing below.\n// use crate::top::Top; is only a comment\npub(crate) struct Bottom;\n",
}


def found(changes):
    """What the checks say of the sound crate with these files added to it."""
    with tempfile.TemporaryDirectory() as directory:
        root = pathlib.Path(directory) / "crates/planted/src"
        for name, text in {**SOUND, **changes}.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        crate = structure.Crate(root)
        paths = [str(path.relative_to(directory)) for path in root.rglob("*.rs")]
        yield from floors.floor_breaches(crate, "planted", FLOORS)
        yield from floors.circle_breaches(crate, "planted", {})
        yield from sizes.folder_breaches(paths)
        yield from sizes.type_breaches(root, "planted")
        yield from sizes.crate_breaches(root, "planted")
        for path in paths:
            text = (pathlib.Path(directory) / path).read_text()
            yield from files.opening_breaches(path, text)
            yield from files.name_breaches(path)
            yield from sizes.file_breaches(path, text)
            yield from vendors.breaches(path, text)


def god_object(methods):
    body = "".join(f"    pub(crate) fn method_{number}(&self) {{}}\n" for number in range(methods))
    return f"//! Much.\nimpl super::middle::Middle {{\n{body}}}\n"


# A fault, and a part of the line that must tell of it.
FAULTS = [
    ("an arrow that goes up", {"bottom/mod.rs": "//! Up.\nuse crate::middle::Middle;\n"}, "bottom may not import from middle"),
    ("an arrow through a re-export of the root", {
        "lib.rs": SOUND["lib.rs"] + "pub use top::Top;\n",
        "bottom/mod.rs": "//! Up.\nuse crate::Top;\n",
    }, "bottom may not import from top"),
    ("a circle", {"bottom/mod.rs": "//! Round.\nuse crate::top::Top;\n"}, "in a circle: bottom <-> "),
    ("a circle further down", {
        "middle/deep/mod.rs": "//! Deep.\nmod deeper;\nuse super::inner::Middle;\n",
        "middle/deep/deeper.rs": "//! Deeper.\n",
        "middle/inner.rs": "//! Round.\nuse super::deep::Deep;\n",
    }, "crate::middle: a folder imports in a circle: deep <-> inner"),
    ("a module without a floor", {"other.rs": "//! Lost.\nfn other() {}\n"}, "other has no floor"),
    ("a wide folder", {f"middle/file_{number}.rs": "//! One.\n" for number in range(20)}, "22 files beside each other"),
    ("a god object", {"top/mod.rs": god_object(20), "bottom/mod.rs": god_object(20)}, "Middle: 41 methods"),
    ("a large crate", {f"top/f{part}.rs": "//! Long.\n" * 500 for part in range(19)} | {
        f"bottom/f{part}.rs": "//! Long.\n" * 500 for part in range(19)}, "lines, more than 15000"),
    ("a long file", {"bottom/mod.rs": "//! Long.\n" * 601}, "601 lines, more than 600"),
    ("a file that does not say what it is", {"bottom/mod.rs": "struct Bottom;\n"}, "does not open with what it is"),
    ("a vendor asked for by name", {"bottom/mod.rs": "//! Knows.\nfn f() { if preset == Preset::Sap {} }\n"}, "asks for a vendor by name"),
    ("a name that says nothing", {"bottom/utils.rs": "//! Anything.\n"}, "a name that says nothing"),
]


def package(name, uses):
    return {"name": name, "dependencies": [{"name": use, "kind": None} for use in uses]}


def breaches():
    """One line for each check that does not find its planted fault."""
    for line in found({}):
        yield f"the sound tree: {line}"
    for what, changes, told in FAULTS:
        if not any(told in line for line in found(changes)):
            yield f"not found: {what}"
    wrong = [package("rampmeter-one", ["rampmeter-two"]), package("rampmeter-two", []), package("rampmeter-three", [])]
    lines = list(crates.breaches(wrong, {"one": set(), "two": set()}))
    if lines != ["one: may not use two", "three: not in the table of crates in .ci/tidy/crates.py"]:
        yield f"not found: an arrow between crates: {lines}"
    if list(files.promise_breaches("`a_promise_that_nobody_keeps`", "fn another() {}")) == []:
        yield "not found: a promise without its test"
