"""Licences, sources and bans of deny.toml, from cargo's own metadata."""

import tomllib


def breaches(packages, deny_text):
    """`packages`: those that are not of the workspace."""
    deny = tomllib.loads(deny_text)
    allowed = set(deny["licenses"]["allow"])
    banned = {entry["name"]: entry for entry in deny["bans"]["deny"]}
    for package in packages:
        name = package["name"]
        if name in banned and "wrappers" not in banned[name]:
            yield f"{name}: banned ({banned[name].get('reason', 'see deny.toml')})"
        if package["source"] is None or not package["source"].startswith("registry+"):
            yield f"{name}: comes from {package['source']}"
        licence = (package["license"] or "none").replace("/", " OR ")
        alternatives = [part.strip(" ()") for part in licence.split(" OR ")]
        if not any(all(term.strip(" ()") in allowed for term in option.split(" AND ")) for option in alternatives):
            yield f"{name}: licence {licence} is not in deny.toml"
