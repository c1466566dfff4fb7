#!/usr/bin/env python3
"""Reads what `rampmeter demo --json` printed and fails on any count that breaks a promise. Times are only printed."""

import json
import sys


def judge(kind, report):
    executions, calls, vendor = report["executions"], report["calls"], report["vendor"]
    checks = [
        ("schema", report["schema"] == "rampmeter.demo/1"),
        ("every execution succeeded", executions["started"] == executions["succeeded"] > 0),
        ("none failed", executions["failed"] == 0),
        ("no call was rejected", calls["rejected"] == 0),
        ("the vendor saw no violation", vendor["violations"] == 0),
        ("in flight within the limit", vendor["max_in_flight"] <= vendor["limit_in_flight"]),
        ("window within the limit", vendor["max_in_window"] <= vendor["limit_in_window"]),
        ("the vendor saw every call", calls["made"] >= executions["started"]),
        ("waits of all priorities", set(report["wait_ms"]) == {"HIGH", "MEDIUM", "BATCH"}),
    ]
    if kind == "crash":
        crash = report["crash"]
        checks += [
            ("killed as often as asked", crash["kills"] >= 4),
            ("only while calls were in flight", min(crash["in_flight_at_kill"]) > 0),
            ("one figure for each kill", len(crash["in_flight_at_kill"]) == crash["kills"]),
            ("nothing acknowledged is missing", crash["missing"] == 0),
            ("no outcome twice", crash["duplicate_outcomes"] == 0),
            ("no repeat with another key", crash["repeated_with_other_key"] == 0),
        ]
    else:
        checks.append(("as many calls as executions", calls["made"] == executions["started"]))
    failed = [what for what, holds in checks if not holds]
    print(json.dumps(report, indent=1))
    print(f"{kind}: {len(checks) - len(failed)} of {len(checks)} checks hold")
    for what in failed:
        print(f"BROKEN: {what}")
    return 1 if failed else 0


if __name__ == "__main__":
    with open(sys.argv[2], encoding="utf-8") as file:
        sys.exit(judge(sys.argv[1], json.load(file)))
