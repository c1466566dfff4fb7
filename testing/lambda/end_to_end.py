#!/usr/bin/env python3
"""The whole pattern with the worker on Lambda: executions and SQS on `rampmeter serve`, DynamoDB on moto's server, the
worker as concurrent environments (service.py) that pollers wake (pollers.py), the strict stand-in as the vendor.

    end_to_end.py --rampmeter target/debug/rampmeter --bootstrap target/debug/bootstrap [--executions N] [--overload X]
                  [--kills K] [--faults] [--jobs] [--role drain|slot|embedded] [--json FILE]

`--role embedded` runs the same on `rampmeter serve` alone, to compare with.

Three priorities arrive at `--overload` times what the account can do. The vendor's own counter judges; `.ci/judge.py
lambda FILE` reads the report. Needs boto3 and moto[server].
"""

import argparse
import json
import os
import pathlib
import queue
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from faults import Faults
from pollers import Mapping
from servers import Processes, client, hide_for, start_moto, start_serve
from service import Function

TARGET = "netsuite"
CONCURRENCY = 8
LATENCY = 0.25
LANES = ("high", "medium", "batch")
ARRIVALS = {"high": 1, "medium": 3, "batch": 6}
RESERVED, FUNCTION_TIMEOUT = 6, 110
WORKFLOW = {
    "StartAt": "Write the order",
    "States": {
        "Write the order": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {
                "QueueUrl.$": "States.Format('${NetsuiteQueues}-{}', $.priority)",
                "MessageBody": {
                    "TaskToken.$": "$$.Task.Token",
                    "Method": "PUT",
                    "Path.$": "States.Format('/services/rest/record/v1/salesOrder/eid:{}', $.order)",
                    "Key.$": "$.order",
                    "IdempotencyKey.$": "States.Format('{}/{}', $$.Execution.Name, $$.State.EnteredTime)",
                    "RequestBody": {"memo.$": "$.order"},
                },
            },
            "TimeoutSeconds": 3600,
            "End": True,
        }
    },
}


# With `--jobs` the vendor accepts the order and works on it in the background.
JOB = {"Method": "POST", "Path": "/services/rest/record/v1/salesOrder", "Headers": {"Prefer": "respond-async"}}


def workflow(jobs):
    made = json.loads(json.dumps(WORKFLOW))
    if jobs:
        message = made["States"]["Write the order"]["Parameters"]["MessageBody"]
        del message["Path.$"]
        message |= JOB
    return json.dumps(made)


# With `--faults` the vendor fails as well, and a window of more than 64 calls is tighter than the calls in flight.
VENDOR_FAULTS = ["--lost-answers", "3%", "--server-errors", "3%", "--throttles", "2%", "--window", "80/10s"]
TIGHT_WINDOW = f"""
[[targets.{TARGET}.limits]]
name = "ten-seconds"
calls = 80
per = "10s"
"""


def configuration(vendor, worker, faults, jobs):
    return f"""
version = 1
[server]
aws = "127.0.0.1:0"
admin = "127.0.0.1:0"

[targets.{TARGET}]
preset = "netsuite"
base_url = "{vendor}"
auth = {{ kind = "bearer", secret = "${{env:E2E_TOKEN}}" }}
timeout = "10s"
hold_after_timeout = "2s"
max_deferrals = {{ MEDIUM = 10, BATCH = 30 }}
worker = "{worker}"
jobs = {{ kind = "{"netsuite" if jobs else "none"}", initial = "1s", max = "5s" }}

[[targets.{TARGET}.limits]]
name = "account"
concurrency = {CONCURRENCY}

[[targets.{TARGET}.limits]]
name = "minute"
calls = 6000
per = "1m"

{TIGHT_WINDOW if faults else ""}
[aws.targets.{TARGET}]
auth = {{ kind = "bearer", secret = "${{secret:end-to-end/token}}" }}

[workflows.order]
definition = "order.asl.json"
"""


def percentile(values, percent):
    if not values:
        return None
    values = sorted(values)
    return round(values[min(len(values) - 1, -(-len(values) * percent // 100) - 1)])


def starters(states, machine, plan):
    """Starts executions as planned: moment and input of each."""
    work = queue.Queue()
    for entry in plan:
        work.put(entry)
    begin, started = time.time(), []

    def start():
        while True:
            try:
                moment, data = work.get_nowait()
            except queue.Empty:
                return
            time.sleep(max(0, begin + moment - time.time()))
            reply = states.start_execution(stateMachineArn=machine, name=data["order"], input=json.dumps(data))
            started.append(reply["executionArn"])

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    return threads, started


def arrivals(executions, overload):
    """Orders of the three priorities, so many times as fast as the account can do them."""
    rate = overload * CONCURRENCY / LATENCY
    lanes = [lane for lane, share in ARRIVALS.items() for _ in range(share)]
    return [
        (number / rate, {"order": f"SO-{number}", "priority": random.choice(lanes)}) for number in range(executions)
    ]


def executions_of(states, machine):
    found, token = [], {}
    while True:
        page = states.list_executions(stateMachineArn=machine, maxResults=1000, **token)
        found += page["executions"]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def count_statuses(executions):
    counts = {}
    for execution in executions:
        counts[execution["status"]] = counts.get(execution["status"], 0) + 1
    return counts


def turnarounds(executions, plan):
    """From the start of an execution to its end, by priority: what can be seen of both hosts from outside."""
    lane_of = {data["order"]: data["priority"].upper() for _, data in plan}
    times = {}
    for execution in executions:
        if "stopDate" in execution:
            took = (execution["stopDate"] - execution["startDate"]).total_seconds() * 1000
            times.setdefault(lane_of[execution["name"]], []).append(took)
    return {lane: {"p50": percentile(values, 50), "p99": percentile(values, 99), "executions": len(values)}
            for lane, values in sorted(times.items())}


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
        return json.load(reply)


def run(arguments, work, processes):
    mock = processes.start(
        [arguments.rampmeter, "mock", "netsuite", "--port", "0", "--json", "--bearer", "e2e-token",
         "--concurrency", str(CONCURRENCY), "--calls-per-minute", "6000",
         "--latency-mean", "2s" if arguments.jobs else f"{int(LATENCY * 1000)}ms",
         "--latency-p99", "5s" if arguments.jobs else "800ms", "--longest", "12s", "--report", str(work / "vendor.json"),
         *(VENDOR_FAULTS if arguments.faults else []), *(["--jobs-hold-no-slot"] if arguments.jobs else [])],
        stdout=subprocess.PIPE, text=True,
    )
    vendor = json.loads(mock.stdout.readline())["url"]
    (work / "order.asl.json").write_text(workflow(arguments.jobs))
    errors = open(work / "errors.log", "w")
    worker = "embedded" if arguments.role == "embedded" else "external"
    serve = start_serve(processes, arguments.rampmeter, work, configuration(vendor, worker, arguments.faults, arguments.jobs), errors, E2E_TOKEN="e2e-token")
    moto = start_moto(processes, work, errors)
    dynamodb = client("dynamodb", moto)
    dynamodb.create_table(
        TableName="limits", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    client("secretsmanager", moto).create_secret(Name="end-to-end/token", SecretString="e2e-token")
    chances = {}
    if arguments.faults:
        chances = {
            ("SendTaskSuccess", "refuse"): 0.10, ("SendTaskSuccess", "drop"): 0.10,
            ("ReceiveMessage", "shorten"): 0.02, ("ChangeMessageVisibilityBatch", "refuse"): 0.2,
            ("DeleteMessage", "refuse"): 0.05, ("SendTaskHeartbeat", "refuse"): 0.05,
        }
    store_chances = {("PutItem", "lose"): 0.03, ("PutItem", "drop"): 0.03, ("PutItem", "refuse"): 0.02}
    flow, store = Faults(serve, chances), Faults(moto, store_chances if arguments.faults else {})
    sqs, states = client("sqs", serve), client("stepfunctions", serve)
    url = sqs.get_queue_url(QueueName=f"{TARGET}-high")["QueueUrl"]
    prefix = url.removesuffix("-high")
    variables = {
        "RAMPMETER_ROLE": arguments.role, "RAMPMETER_TARGET": TARGET, "RAMPMETER_CONFIG": str(work / "rampmeter.toml"),
        "RAMPMETER_TABLE": "limits", "RAMPMETER_QUEUES": prefix, "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_ENDPOINT_URL_SQS": flow.url, "AWS_ENDPOINT_URL_SFN": flow.url, "AWS_ENDPOINT_URL_DYNAMODB": store.url,
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": moto, "RAMPMETER_LOG": os.environ.get("RAMPMETER_LOG", "warn"),
    }
    reserved = CONCURRENCY if arguments.role == "slot" else RESERVED
    function = Function("netsuite-worker", arguments.bootstrap, variables, reserved, FUNCTION_TIMEOUT, errors)
    # MaximumConcurrency 2 each, whose sum is the reserved concurrency; above it AWS's pollers pull and are throttled.
    pollers = (2 if arguments.role == "drain" else 3) + arguments.overpull
    mappings = []
    for lane in LANES if worker == "external" else ():
        arn = f"arn:aws:sqs:us-east-1:000000000000:{TARGET}-{lane}"
        hide_for(sqs, f"{prefix}-{lane}", FUNCTION_TIMEOUT)
        mappings.append(Mapping(sqs, f"{prefix}-{lane}", arn, function, pollers, arguments.duplicates))
    machine = states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
    begin = time.time()
    plan = arrivals(arguments.executions, arguments.overload)
    threads, started = starters(states, machine, plan)
    kills = [0]

    def kill():
        while kills[0] < arguments.kills:
            time.sleep(random.uniform(1.5, 4.0))
            # An accepted call is answered at once, so that there is hardly ever one in flight.
            busy = arguments.jobs or fetch(vendor + "/_standin/report")["in_flight"]
            if busy and function.kill_one():
                kills[0] += 1

    killer = threading.Thread(target=kill, daemon=True)
    if arguments.kills:
        killer.start()
    for thread in threads:
        thread.join()
    limit = begin + arguments.patience
    while time.time() < limit:
        counts = count_statuses(executions_of(states, machine))
        if not counts.get("RUNNING") and sum(counts.values()) == arguments.executions:
            break
        time.sleep(0.5)
    took = time.time() - begin
    executions = executions_of(states, machine)
    counts = count_statuses(executions)
    report = fetch(vendor + "/_standin/report")
    left = {}
    for mapping in mappings:
        mapping.stop()
    for lane in LANES + ("dead",) if worker == "external" else ():
        attributes = sqs.get_queue_attributes(QueueUrl=f"{prefix}-{lane}", AttributeNames=["All"])["Attributes"]
        left[lane] = int(attributes["ApproximateNumberOfMessages"])
    time.sleep(1)
    function.stop()
    (work / "worker.log").write_text("".join(function.logged))
    if function.init_errors or function.failures:
        print("\n".join((function.init_errors + function.failures)[:5]), file=sys.stderr)
    counted = function.counts
    starts = counted.get("CallStarted", 0)
    return {
        "schema": "rampmeter.lambda/1", "role": arguments.role, "executions": {
            "asked": arguments.executions, "started": len(started), "by_status": counts},
        "vendor": report, "took_s": round(took, 1),
        "utilisation": round(report["busy_slot_seconds"] / CONCURRENCY / took, 3),
        "turnaround_ms": turnarounds(executions, plan),
        "wait_ms": {lane: {"p50": percentile(values, 50), "p99": percentile(values, 99), "calls": len(values)}
                    for lane, values in sorted(function.waits.items())},
        "lambda": {"invocations": function.invocations, "cold_starts": function.cold_starts,
                   "init_ms_p50": percentile(function.inits, 50), "kills": function.kills,
                   "throttled": function.throttled, "timeouts": function.timeouts,
                   "errors": len(function.failures), "init_errors": len(function.init_errors),
                   "delivered_twice": sum(mapping.delivered_twice for mapping in mappings)},
        "counted": counted, "write_units_per_call": round(counted.get("WriteUnits", 0) / max(starts, 1), 2),
        "requests": {"flow": flow.requests, "table": store.requests}, "faults": {**flow.counts, **store.counts},
        "asked_for_faults": arguments.faults, "asked_for_jobs": arguments.jobs, "asked_for_kills": arguments.kills, "left_in_queues": left,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rampmeter", required=True)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--executions", type=int, default=300)
    parser.add_argument("--overload", type=float, default=2.0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--faults", action="store_true")
    parser.add_argument("--jobs", action="store_true", help="each call becomes a job in the background")
    parser.add_argument("--overpull", type=int, default=0, help="pollers for each queue that the function has no place for")
    parser.add_argument("--duplicates", type=float, default=0.0)
    parser.add_argument("--role", choices=("drain", "slot", "embedded"), default="drain")
    parser.add_argument("--patience", type=float, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json")
    parser.add_argument("--keep", help="a directory for logs, that is not removed")
    arguments = parser.parse_args()
    random.seed(arguments.seed)
    processes = Processes()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(arguments.keep or directory)
        work.mkdir(parents=True, exist_ok=True)
        try:
            report = run(arguments, work, processes)
        finally:
            processes.stop()
    text = json.dumps(report, indent=1)
    if arguments.json:
        pathlib.Path(arguments.json).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
