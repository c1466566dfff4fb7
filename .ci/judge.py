#!/usr/bin/env python3
"""Reads what a run printed as JSON and fails on any count that breaks a promise. Times are only printed.

    judge.py demo|crash REPORT       what `rampmeter demo --json` printed
    judge.py trial REPORT [WHAT...]  what `rampmeter trial --json` printed; WHAT is any of those in TRIALS, with a bound
                                     where it has one: kills=3 changes=6 clock slots=0.99 window=0.97 high=0.99
    judge.py planted REPORT          the same of a trial with a deliberate fault, in which the vendor must see violations
    judge.py bench REPORT            what `rampmeter bench --json` printed
    judge.py recorded REPORT [AGAIN] how many of the cases recorded from AWS pass, some of them the second time
    judge.py failed REPORT           the cases that failed and are not left out on purpose
    judge.py replayed REPORT         what `rampmeter simulate --from-history` printed
    judge.py lambda REPORT [OTHER]   what `testing/lambda/end_to_end.py` wrote, beside the embedded host's
"""

import json
import pathlib
import sys


ROOT = pathlib.Path(__file__).resolve().parent.parent
# The cases recorded from AWS that do not pass, each with the reason. All others must.
LEFT_OUT = ROOT / "testing/conformance/left_out.txt"
# How much of each kind must pass, whatever the list says, in percent.
KINDS = {
    "the API": (95, ("sfn_api", "express", "sqs", "test_state")),
    "the language": (97, ("",)),
}
MOST_LEFT_OUT = 3


def kind_of(group):
    return next(kind for kind, (_, starts) in KINDS.items() if group.startswith(starts))


def left_out():
    lines = [line.split("#")[0].strip() for line in LEFT_OUT.read_text(encoding="utf-8").splitlines()]
    pairs = [line.split(None, 1) for line in lines if line]
    for pair in pairs:
        assert len(pair) == 2, f"{LEFT_OUT.name}: {pair[0]} has no reason"
    return dict(pairs)


def failed_ids(report):
    """The cases to run once more, on their own: some wait for seconds, and a busy machine may make them late."""
    listed = left_out()
    for case in report["results"]:
        if not case["ok"] and case["id"] not in listed:
            print(case["id"])
    return 0


def judge_recorded(report, again):
    listed = left_out()
    second = {case["id"]: case["ok"] for case in again["results"]} if again else {}
    for case in report["results"]:
        if second.get(case["id"]) and not case["ok"]:
            print(f"passes the second time: {case['id']}")
            case["ok"] = True
    failed = []
    counts = {kind: [0, 0, 0] for kind in KINDS}
    for case in report["results"]:
        count = counts[kind_of(case["id"].split("/")[0])]
        count[0] += case["ok"]
        count[1] += 1
        count[2] += case["id"] in listed
        if case["ok"] and case["id"] in listed:
            print(f"passes now, take it off the list: {case['id']}")
        if not case["ok"] and case["id"] not in listed:
            failed.append(f"{case['id']} fails and is not listed as left out")
    for kind, (passed, total, left) in counts.items():
        print(f"recorded, {kind}: {passed} of {total} pass, {left} are left out on purpose")
        if passed * 100 < KINDS[kind][0] * total:
            failed.append(f"{kind}: fewer than {KINDS[kind][0]} % pass")
        if left * 100 > MOST_LEFT_OUT * total:
            failed.append(f"{kind}: more than {MOST_LEFT_OUT} % are left out")
    passed = sum(case["ok"] for case in report["results"])
    print(f"recorded: {passed} of {report['total']} cases pass")
    for what in failed:
        print(f"BROKEN: {what}")
    return 1 if failed else 0


FAULTS = (
    "SendTaskSuccess refuse", "SendTaskSuccess drop", "SendTaskHeartbeat refuse", "DeleteMessage refuse",
    "ReceiveMessage shorten", "PutItem refuse", "PutItem lose", "PutItem drop",
)


def judge_lambda(report, other):
    executions, vendor, environments = report["executions"], report["vendor"], report["lambda"]
    asked, kills = executions["asked"], report["asked_for_kills"]
    times = report["turnaround_ms"]
    checks = [
        ("schema", report["schema"] == "rampmeter.lambda/1"),
        ("every execution succeeded", executions["by_status"] == {"SUCCEEDED": asked} and asked > 0),
        ("the vendor saw no violation", vendor["violations"] == 0),
        ("in flight within the limit", 0 < vendor["max_in_flight"] <= vendor["limit_in_flight"]),
        ("every window within its limit", all(0 < one["most"] <= one["limit"] for one in vendor["windows"])),
        ("one record for each execution", vendor["records"] == asked and vendor["duplicates_created"] == 0),
        ("no repeat with another key", vendor["repeated_with_other_key"] == 0),
        ("waits of all priorities", set(times) == {"HIGH", "MEDIUM", "BATCH"}),
    ]
    if report["asked_for_jobs"]:
        # Whatever was delivered twice or died: a call is one job, and it was polled until it had ended.
        checks.append(("one job for each execution", vendor["jobs"] == asked))
        checks.append(("each job was looked at, and then its result", vendor["jobs_looked_at"] >= 2 * asked))
        # What an environment had counted when it was killed is gone; a poll whose answer it did not see still happened.
        looked = report["counted"].get("JobLooked", 0)
        most = vendor["jobs_looked_at"] + kills * vendor["limit_in_flight"]
        checks.append(("the worker counted its looks", 0 < looked <= most))
        ended = min(vendor["jobs"], executions["by_status"].get("SUCCEEDED", 0))
        print(f"jobs: {ended} of {asked}, {vendor['jobs_looked_at']} looks")
    else:
        ordered = times["HIGH"]["p50"] < times["MEDIUM"]["p50"] < times["BATCH"]["p50"]
        checks.append(("urgent work waits less", ordered))
    if report["role"] != "embedded":
        checks += [
            ("the queues are empty", not any(report["left_in_queues"].values())),
            ("no environment failed to start", environments["init_errors"] == 0),
            ("no invocation failed by itself", environments["errors"] == environments["timeouts"] == 0),
            ("killed as often as asked", environments["kills"] == kills),
        ]
    if report["role"] == "drain":
        units = report["write_units_per_call"]
        checks.append(("a call costs 1 to 8 write units", 1 <= units <= 8 or report["asked_for_jobs"]))
    if report["asked_for_faults"]:
        checks += [(f"it happened: {fault}", report["faults"].get(fault, 0) > 0) for fault in FAULTS]
        at_the_vendor = ("lost_answers", "server_errors", "rejected")
        checks += [(f"it happened at the vendor: {fault}", vendor[fault] > 0) for fault in at_the_vendor]
    if not kills and not report["asked_for_faults"] and not report["asked_for_jobs"]:
        checks.append(("as many calls as executions", vendor["calls"] == asked))
    for name, one in (("here", report), ("the embedded host", other or {})):
        if one:
            waits = ", ".join(f"{lane} {one['turnaround_ms'][lane]['p99']}" for lane in ("HIGH", "MEDIUM", "BATCH"))
            print(f"{name}, {one['role']}: utilisation {one['utilisation']}, start to end p99 in ms: {waits}; "
                  f"write units for each call: {one['write_units_per_call']}; took {one['took_s']} s")
    windows = ", ".join(f"{one['most']} of {one['limit']} in {one['per_ms']} ms" for one in vendor["windows"])
    print(f"the vendor: {vendor['calls']} calls, most in flight {vendor['max_in_flight']} of {vendor['limit_in_flight']}, {windows}")
    failed = [what for what, holds in checks if not holds]
    print(f"lambda: {len(checks) - len(failed)} of {len(checks)} checks hold")
    for what in failed:
        print(f"BROKEN: {what}")
    if failed:
        print(json.dumps(report, indent=1))
    return 1 if failed else 0


def judge_replayed(report):
    rows = [row for row in report["priorities"] if row.get("agrees_with_recorded") is not None]
    failed = [row["priority"] for row in rows if not row["agrees_with_recorded"]]
    print(f"replayed: {len(rows) - len(failed)} of {len(rows)} priorities wait as they did")
    return 1 if failed or not rows else 0


def high_first(report):
    high = report["high_first"]
    return high["first"] / high["calls"] if high["calls"] else 0


def window_use(report):
    return next((window["utilisation"] for window in report["windows"] if window["name"] == "second"), 0)


# What can be demanded of a trial beyond what every trial must hold. Each is a count, or a ratio within one run.
TRIALS = {
    "kills": ("killed so often", lambda report: report["crash"]["kills"]),
    "changes": ("limits changed so often", lambda report: len(report["changes"])),
    "clock": ("the clock was set back", lambda report: report["clock_set_back_ms"] / 1000),
    "beyond": ("a window held more than its limit, so that the worst case was worth asking for",
               lambda report: max(window["most"] - window["limit"] for window in report["windows"])),
    "slots": ("slot-seconds used while a call waited for a slot", lambda report: report["utilisation"] or 0),
    "window": ("place-seconds used of the window of a second", window_use),
    "high": ("HIGH calls that started before any further lower one", high_first),
}


def judge_trial(report, asked):
    executions, vendor = report["executions"], report["vendor"]
    checks = [
        ("every execution succeeded", executions["started"] == executions["succeeded"] > 0),
        ("none failed", executions["failed"] == 0),
        ("in flight within the limit", vendor["max_in_flight"] <= vendor["limit_in_flight"]),
        ("no window beyond what the vendor may count", all(w["most"] <= w["may_count"] for w in report["windows"])),
        ("the vendor saw no violation", vendor["violations"] == 0),
        ("no call was rejected", report["calls"]["rejected"] == 0),
        ("HIGH calls were made", report["high_first"]["calls"] > 0),
    ]
    if "crash" in report:
        crash = report["crash"]
        checks += [
            ("nothing acknowledged is missing", crash["missing"] == 0),
            ("no outcome twice", crash["duplicate_outcomes"] == 0),
            ("no repeat with another key", crash["repeated_with_other_key"] == 0),
        ]
    for what in asked:
        name, _, least = what.partition("=")
        words, measure = TRIALS[name]
        found = measure(report)
        print(f"trial: {words}: {found:.4g}, at least {least or 1} is asked for")
        checks.append((words, found >= float(least or 1)))
    failed = [what for what, holds in checks if not holds]
    for window in report["windows"]:
        print(f"trial: most in a {window['name']}: {window['most']} of {window['limit']}, may be {window['may_count']}")
    print(f"trial: {vendor['violations']} violations, most in flight {vendor['max_in_flight']} of {vendor['limit_in_flight']}")
    print(f"trial: {len(checks) - len(failed)} of {len(checks)} checks hold")
    for what in failed:
        print(f"BROKEN: {what}")
    return 1 if failed else 0


def judge_planted(report):
    found = report["vendor"]["violations"]
    print(f"planted fault: the vendor saw {found} violations")
    return 0 if found > 0 else 1


# Starting a call while a million wait takes at most so many times as long as while a thousand wait.
MOST_OF_A_DECISION = 1.5
# The rows of a window of a million calls a day are bounded, whatever is waiting: at most so many for each of four.
MOST_ROWS = 4 * 1024 + 2 * 4096
# The memory that a server may take, however many executions wait: the caches of the store and the process itself.
MOST_RESIDENT = 160_000_000
# Bytes of disk for a waiting execution, including its history, its message and the indexes.
MOST_DISK_OF_A_WAIT = 4_096


def judge_bench(report):
    decisions = report["decisions"]
    failed = []
    if decisions["limits"] < 8 or decisions["many_waiting"] < 1000 * decisions["few_waiting"]:
        failed.append("eight limits, and a thousand times as many calls waiting")
    if decisions["ratio"] > MOST_OF_A_DECISION:
        failed.append(f"a decision takes {decisions['ratio']} times as long")
    if decisions["gate"]["most_rows"] > MOST_ROWS:
        failed.append(f"the windows have {decisions['gate']['most_rows']} rows")
    # The bench itself checks that all of them are there after SIGKILL.
    paused = report["paused"]
    if (paused["resident_bytes"] or 0) > MOST_RESIDENT:
        failed.append(f"{paused['executions']} executions that wait take {paused['resident_bytes']} bytes of memory")
    if not 0 < paused["disk_bytes"] <= MOST_DISK_OF_A_WAIT * paused["executions"]:
        failed.append(f"{paused['executions']} executions that wait take {paused['disk_bytes']} bytes of disk")
    print(f"bench: {decisions} {paused}")
    for what in failed:
        print(f"BROKEN: {what}")
    return 1 if failed else 0


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
            again = None
            if len(sys.argv) > 3:
                with open(sys.argv[3], encoding="utf-8") as file:
                    again = json.load(file)
            sys.exit(judge_recorded(report, again))
        case "lambda":
            other = None
            if len(sys.argv) > 3:
                with open(sys.argv[3], encoding="utf-8") as file:
                    other = json.load(file)
            sys.exit(judge_lambda(report, other))
        case "failed":
            sys.exit(failed_ids(report))
        case "replayed":
            sys.exit(judge_replayed(report))
        case "trial":
            sys.exit(judge_trial(report, sys.argv[3:]))
        case "planted":
            sys.exit(judge_planted(report))
        case "bench":
            sys.exit(judge_bench(report))
        case kind:
            sys.exit(judge(kind, report))
