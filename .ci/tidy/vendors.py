"""A vendor is one file in `caller`: no other crate asks by name which preset a target has. What a crate needs to know of a
vendor is a member of its table."""

import re

NAMED = re.compile(r"\bPreset::(?!ALL\b)[A-Z]\w*|\bpreset(?:\.as_str\(\))?\s*[!=]=\s*\"")
TESTS = "#[cfg(test)]"


def breaches(path, text):
    if path.startswith("crates/caller/") or "/tests/" in path or path.endswith("/tests.rs"):
        return
    for number, line in enumerate(text.split(TESTS)[0].splitlines(), 1):
        if not line.lstrip().startswith("//") and (found := NAMED.search(line)):
            yield f"{path}:{number}: asks for a vendor by name ({found.group()}); its table in caller/src/vendor should say it"
