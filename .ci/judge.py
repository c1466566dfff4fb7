#!/usr/bin/env python3
"""Reads what a run printed as JSON and fails on any count that breaks a promise. Times are only printed.

    judge.py demo|crash REPORT       what `rampmeter demo --json` printed
    judge.py recorded REPORT         how many of the cases recorded from AWS pass
    judge.py replayed REPORT         what `rampmeter simulate --from-history` printed
"""

import json
import sys


# Cases recorded from AWS that must pass, for each group. Raise a figure when a change raises it; never lower one.
RECORDED = {
    "base": 21,
    "callback": 5,
    "choice_operators": 17,
    "comments": 1,
    "context_object": 1,
    "error_handling": 2,
    "intrinsic_functions": 11,
    "scenarios": 20,
    "services": 2,
    "sfn_api": 10,
    "sfn_api_express": 1,
    "sfn_api_validation": 9,
    "sqs": 42,
    "timeouts": 1,
}


def judge_recorded(report):
    groups = report["groups"]
    failed = []
    for group, least in RECORDED.items():
        passed = groups.get(group, {}).get("passed", 0)
        if passed < least:
            failed.append(f"{group}: {passed} pass, {least} did")
    print(f"recorded: {report['passed']} of {report['total']} cases pass")
    for what in failed:
        print(f"BROKEN: {what}")
    return 1 if failed else 0


def judge_replayed(report):
    rows = [row for row in report["priorities"] if row.get("agrees_with_recorded") is not None]
    failed = [row["priority"] for row in rows if not row["agrees_with_recorded"]]
    print(f"replayed: {len(rows) - len(failed)} of {len(rows)} priorities wait as they did")
    return 1 if failed or not rows else 0


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
        report = json.load(file)
    match sys.argv[1]:
        case "recorded":
            sys.exit(judge_recorded(report))
        case "replayed":
            sys.exit(judge_replayed(report))
        case kind:
            sys.exit(judge(kind, report))
