#!/usr/bin/env python3
"""The parts of the worker besides draining, each from its start to its end, with real processes:

- an undelivered message fails its task and becomes a dead letter,
- a target that is closed for long puts its queues to sleep behind a schedule, and the schedule wakes them,
- a target that sleeps although nothing will wake it is woken by its watch, without its secrets, while Lambda is busy,
- a person pauses a target and lets it go on, lowers a limit and goes back, from the command line, while workers run,
- a call that failed is kept as a dead letter, with the error and the cause that its task was told,
- a message that is not a call fails its task, and without a task becomes a dead letter,
- a vendor that cannot be reached uses up the attempts, which are counted over several drainers,
- with `on_unknown = "fail"` a call whose environment died is not made again,
- of an answer that is too long for a workflow it gets what its target or its message selects,
- a function whose secret is missing says which, and lets its message come again soon.

    roles.py --rampmeter target/debug/rampmeter --bootstrap target/debug/bootstrap

Prints one line for each, and exits 1 if any does not hold.
"""

import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from adapters import make_function
from faults import Faults
from pollers import Mapping
from servers import Processes, client, hide_for, start_moto, start_serve, wait_for
from service import Function, FunctionError

NAME = "netsuite-worker"
WORKFLOW = {"StartAt": "Call", "States": {"Call": {
    "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
    "Parameters": {"QueueUrl.$": "$.queue", "MessageBody": {
        "TaskToken.$": "$$.Task.Token", "Method.$": "$.method", "Path": "/services/rest/record/v1/salesOrder/eid:1",
        "IdempotencyKey.$": "$$.Execution.Name", "RequestBody": {}}},
}}}


class SlowVendor(BaseHTTPRequestHandler):
    """Answers after three seconds, and counts what it was asked."""

    asked = 0

    def do_PUT(self):
        SlowVendor.asked += 1
        time.sleep(3)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        body = json.dumps({"total": 2, "items": [{"id": 1, "text": "x" * 300_000}, {"id": 2}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class BackVendor(SlowVendor):
    """A vendor that is back, and answers at once."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


def deserted():
    """A port on which nobody listens yet."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def configuration(vendor, slow, absent):
    return f"""
[server]
aws = "127.0.0.1:0"
admin = "127.0.0.1:0"
[targets.netsuite]
preset = "netsuite"
base_url = "{vendor}"
timeout = "5s"
worker = "external"
[[targets.netsuite.limits]]
name = "hour"
calls = 3
per = "1h"
[targets.absent]
base_url = "http://127.0.0.1:{absent}"
timeout = "5s"
worker = "external"
retry = {{ max_attempts = 3, initial = "1s", max = "1s" }}
[targets.careful]
base_url = "http://127.0.0.1:{slow}"
timeout = "10s"
worker = "external"
on_unknown = "fail"
[targets.picky]
base_url = "http://127.0.0.1:{slow}"
timeout = "10s"
worker = "external"
response = {{ select = "$.total" }}
[[targets.picky.limits]]
name = "account"
concurrency = 4
[workflows.order]
definition = "order.asl.json"
[aws.targets.netsuite]
auth = {{ kind = "bearer", secret = "${{secret:roles/token}}" }}
"""


class World:
    def __init__(self, arguments, work, processes):
        mock = processes.start([arguments.rampmeter, "mock", "netsuite", "--port", "0", "--json", "--latency-mean", "0ms",
                                "--report", str(work / "vendor.json")], stdout=subprocess.PIPE, text=True)
        vendor = json.loads(mock.stdout.readline())["url"]
        self.log = open(work / "log", "w")
        self.absent = deserted()
        slow = ThreadingHTTPServer(("127.0.0.1", 0), SlowVendor)
        threading.Thread(target=slow.serve_forever, daemon=True).start()
        (work / "order.asl.json").write_text(json.dumps(WORKFLOW))
        self.serve = start_serve(processes, arguments.rampmeter, work, configuration(vendor, slow.server_port, self.absent), self.log)
        self.moto = start_moto(processes, work, self.log)
        self.sqs, self.states = client("sqs", self.serve), client("stepfunctions", self.serve)
        self.prefix = self.sqs.get_queue_url(QueueName="netsuite-high")["QueueUrl"].removesuffix("-high")
        self.sqs.create_queue(QueueName="netsuite-undelivered")
        self.machine = self.states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
        client("dynamodb", self.moto).create_table(
            TableName="roles-permits", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        make_function(self.moto, NAME, ("mapped-high", "mapped-medium", "mapped-batch"))
        self.rampmeter, self.bootstrap, self.work = arguments.rampmeter, arguments.bootstrap, work
        self.stopped = []

    def function(self, role, target="netsuite", **more):
        variables = {
            "RAMPMETER_ROLE": role, "RAMPMETER_TARGET": target, "RAMPMETER_CONFIG": str(self.work / "rampmeter.toml"),
            "RAMPMETER_TABLE": "roles-permits", "RAMPMETER_QUEUES": self.prefix.replace("netsuite", target), "AWS_REGION": "us-east-1",
            "RAMPMETER_SCHEDULER_ROLE": "arn:aws:iam::123456789012:role/scheduler", "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_ENDPOINT_URL": self.moto, "AWS_ENDPOINT_URL_SQS": self.serve,
            "AWS_ENDPOINT_URL_SFN": self.serve, **more,
        }
        function = Function(NAME, self.bootstrap, variables, 6, 110, self.log)
        self.stopped.append(function)
        return function

    def url(self, queue, target="netsuite"):
        return self.prefix.replace("netsuite", target) + f"-{queue}"

    def map(self, queue, function, target="netsuite"):
        arn = f"arn:aws:sqs:us-east-1:0:{target}-{queue}"
        hide_for(self.sqs, self.url(queue, target), function.timeout)
        mapping = Mapping(self.sqs, self.url(queue, target), arn, function, 2)
        self.stopped.append(mapping)
        return mapping

    def start(self, name, target="netsuite", method="PUT"):
        data = json.dumps({"queue": self.url("high", target), "method": method})
        reply = self.states.start_execution(stateMachineArn=self.machine, name=name, input=data)
        return reply["executionArn"]

    def end_of(self, execution):
        def ended():
            described = self.states.describe_execution(executionArn=execution)
            return described if described["status"] != "RUNNING" else None
        return wait_for("the end of an execution", 60, ended)

    def receive(self, queue):
        reply = wait_for(f"a message of {queue}", 30, lambda: self.sqs.receive_message(
            QueueUrl=f"{self.prefix}-{queue}", MessageAttributeNames=["All"], VisibilityTimeout=1).get("Messages"))
        return reply[0]

    def operate(self, *arguments):
        """`rampmeter aws ...` on this stack: its JSON, and what it says where that fails."""
        environment = {
            "PATH": os.environ["PATH"], "USER": "anna", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL_DYNAMODB": self.moto, "AWS_ENDPOINT_URL_SQS": self.serve,
        }
        command = [self.rampmeter, "aws", *arguments, "--stack", "roles", "--config", str(self.work / "aws.toml"), "--json"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        return json.loads(done.stdout) if done.returncode == 0 else done.stderr

    def mappings(self):
        reply = client("lambda", self.moto).list_event_source_mappings(FunctionName=NAME)
        return sorted(mapping["State"] for mapping in reply["EventSourceMappings"])


def undelivered(world):
    execution = world.start("undelivered")
    message = world.receive("high")
    world.sqs.send_message(QueueUrl=f"{world.prefix}-undelivered", MessageBody=message["Body"])
    world.map("undelivered", world.function("undelivered"))
    ended, dead = world.end_of(execution), world.receive("dead")
    assert (ended["status"], ended["error"]) == ("FAILED", "Rampmeter.Undeliverable"), ended
    assert dead["Body"] == message["Body"] and dead["MessageAttributes"]["Error"]["StringValue"] == ended["error"], dead
    world.sqs.purge_queue(QueueUrl=f"{world.prefix}-dead")
    world.sqs.purge_queue(QueueUrl=f"{world.prefix}-high")


def missing_secret(world):
    function = world.function("drain")
    world.sqs.send_message(QueueUrl=world.url("high"), MessageBody="{}")
    message = wait_for("its message", 30, lambda: world.sqs.receive_message(
        QueueUrl=world.url("high"), VisibilityTimeout=600).get("Messages"))[0]
    event = {"Records": [{"messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": "{}",
                          "attributes": {"ApproximateReceiveCount": "1"},
                          "eventSourceARN": "arn:aws:sqs:us-east-1:0:netsuite-high"}]}
    try:
        function.invoke(event)
    except FunctionError as error:
        assert "roles/token" in str(error) and "ResourceNotFound" in str(error), error
    else:
        raise AssertionError("an invocation without its secret does not succeed")
    # Hidden for ten minutes, and visible again in five seconds.
    again = world.receive("high")
    assert again["MessageId"] == message["MessageId"], again
    world.sqs.delete_message(QueueUrl=world.url("high"), ReceiptHandle=again["ReceiptHandle"])
    # What nobody wakes is woken all the same: that needs no secret.
    watched(world)
    client("secretsmanager", world.moto).create_secret(Name="roles/token", SecretString="any")


def watched(world):
    """The mappings are off, as after a schedule that fired in vain, and Lambda is busy with half of what it is asked."""
    functions = client("lambda", world.moto)
    for mapping in functions.list_event_source_mappings(FunctionName=NAME)["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    assert "Enabled" not in world.mappings()
    busy = Faults(world.moto, {("UpdateEventSourceMapping", "busy"): 0.5})
    world.stopped.append(busy)
    function = world.function("drain", AWS_ENDPOINT_URL_LAMBDA=busy.url)
    assert function.invoke({"rampmeter": "watch"}) == {"batchItemFailures": []}
    assert world.mappings() == ["Enabled"] * 3, world.mappings()
    wait_for("its metric", 10, lambda: function.counts.get("MappingsAsleep") == 3)
    assert function.invoke({"rampmeter": "watch"}) == {"batchItemFailures": []}


def invalid_messages(world):
    function = world.function("drain")
    for queue in ("high", "medium", "batch"):
        world.map(queue, function)
    ended = world.end_of(world.start("invalid", method="BREW"))
    assert (ended["status"], ended["error"]) == ("FAILED", "Rampmeter.InvalidMessage"), ended
    assert "Method must be one of" in json.loads(ended["cause"])["Reason"], ended
    # The record of the failed task: what it was told, beside its message.
    dead = world.receive("dead")
    assert "TaskToken" in json.loads(dead["Body"]), dead
    attributes = {name: value["StringValue"] for name, value in dead["MessageAttributes"].items()}
    assert attributes == {"Error": ended["error"], "Cause": ended["cause"]}, attributes
    world.sqs.delete_message(QueueUrl=world.url("dead"), ReceiptHandle=dead["ReceiptHandle"])
    call = {"Method": "GET", "Path": "/services/rest/record/v1/salesOrder/1"}
    for member, value in (("OrderingKey", "customer-1"), ("ResponseSelector", "$.items[")):
        world.sqs.send_message(QueueUrl=f"{world.prefix}-medium", MessageBody=json.dumps({**call, member: value}))
        dead = world.receive("dead")
        assert member in dead["MessageAttributes"]["Cause"]["StringValue"], dead
        world.sqs.delete_message(QueueUrl=f"{world.prefix}-dead", ReceiptHandle=dead["ReceiptHandle"])
    world.sqs.send_message(QueueUrl=f"{world.prefix}-batch", MessageBody="no JSON")
    dead = world.receive("dead")
    assert dead["Body"] == "no JSON" and dead["MessageAttributes"]["Error"]["StringValue"] == "Rampmeter.InvalidMessage"


def long_closed(world):
    arns = [world.start(f"closing-{number}") for number in range(3)]
    assert [world.end_of(arn)["status"] for arn in arns] == ["SUCCEEDED"] * 3
    world.start("too-many")
    wait_for("the sleep of all mappings", 60, lambda: "Enabled" not in world.mappings())
    schedule = client("scheduler", world.moto).get_schedule(Name=f"{NAME}-wake")
    assert json.loads(schedule["Target"]["Input"]) == {"rampmeter": "wake"}, schedule
    wakes = time.mktime(time.strptime(schedule["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)")) - time.timezone
    assert 3_500 < wakes - time.time() < 3_605, schedule
    # As the schedule will: the target is still closed, so the worker wakes and goes to sleep again.
    function = world.function("drain")
    assert function.invoke({"rampmeter": "wake"}) == {"batchItemFailures": []}
    requests = "".join(function.logged)
    assert "Closed" in requests, requests
    assert "Enabled" not in world.mappings()
    # It sleeps behind a schedule: the watch leaves it alone, until the schedule is gone.
    function.invoke({"rampmeter": "watch"})
    assert "Enabled" not in world.mappings()
    client("scheduler", world.moto).delete_schedule(Name=f"{NAME}-wake")
    function.invoke({"rampmeter": "watch"})
    assert world.mappings() == ["Enabled"] * 3, world.mappings()


def away(world):
    """A vendor that cannot be reached costs no attempt, and the call is made when it is back."""
    function = world.function("drain", "absent")
    world.map("high", function, "absent")
    execution = world.start("away", "absent", "GET")
    table = client("dynamodb", world.moto)

    def version():
        item = table.get_item(TableName="roles-permits", Key={"id": {"S": "target/absent"}}).get("Item")
        return int(item["version"]["N"]) if item else 0

    # Each probe is a write that takes its permit, and one that gives it back.
    wait_for("a few probes", 60, lambda: version() >= 10)
    assert world.states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    vendor = ThreadingHTTPServer(("127.0.0.1", world.absent), BackVendor)
    threading.Thread(target=vendor.serve_forever, daemon=True).start()
    ended = world.end_of(execution)
    assert ended["status"] == "SUCCEEDED", ended
    # An attempt that is used up would be noted, and nothing was.
    items = table.scan(TableName="roles-permits")["Items"]
    assert any(item["id"]["S"] == "target/absent" for item in items), items
    assert not [item for item in items if item["id"]["S"].startswith("call/absent/")], items


def lost_with_its_environment(world):
    function = world.function("drain", "careful")
    execution = world.start("careful", "careful")
    message = wait_for("its message", 30, lambda: world.sqs.receive_message(
        QueueUrl=world.url("high", "careful"), VisibilityTimeout=600).get("Messages"))[0]

    def deliver(count):
        return function.invoke({"Records": [{
            "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
            "attributes": {"ApproximateReceiveCount": str(count)}, "eventSourceARN": "arn:aws:sqs:us-east-1:0:careful-high"}]})

    first = threading.Thread(target=lambda: swallowed(deliver, 1))
    first.start()
    wait_for("its call", 30, lambda: SlowVendor.asked == 1)
    assert function.kill_one()
    first.join()
    assert deliver(2) == {"batchItemFailures": []}
    ended = world.end_of(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "Rampmeter.OutcomeUnknown"), ended
    assert SlowVendor.asked == 1, SlowVendor.asked


def ordered(world):
    # The same file without what keeps this host's own worker away from the queues.
    text = (world.work / "rampmeter.toml").read_text()
    (world.work / "aws.toml").write_text(text.replace('worker = "external"', ""))
    paused = world.operate("pause", "picky", "--reason", "finance close")
    assert isinstance(paused, dict), paused
    assert paused["by"].startswith("anna"), paused
    execution = world.start("ordered", "picky", "GET")
    # There may be a dead letter of an earlier scenario, but none of this one.
    world.map("high", world.function("drain", "picky"), "picky")
    time.sleep(4)
    assert world.states.describe_execution(executionArn=execution)["status"] == "RUNNING"
    status = world.operate("status", "picky")["targets"][0]
    assert status["pauses"][0]["reason"] == "finance close" and status["in_flight"] == 0, status
    assert "finance close" in status["lanes"][0]["held_by"], status
    lowered = world.operate("limit", "set", "picky/account", "2", "--reason", "migration")
    assert (lowered["max"], lowered["configured"]) == (2, 4), lowered
    refused = world.operate("limit", "set", "picky/account", "9")
    assert "only a deployment allows more" in refused, refused
    assert world.operate("resume", "picky")["order"] == "resume"
    assert world.end_of(execution)["status"] == "SUCCEEDED"
    # Drainers meanwhile have kept the other order.
    status = world.operate("status", "picky")["targets"][0]
    assert status["pauses"] == [] and status["limits"][0]["max"] == 2, status
    assert world.operate("limit", "reset", "picky/account")["max"] == 4
    assert world.operate("status", "picky")["targets"][0]["limits"][0]["max"] == 4
    assert "is not paused" in world.operate("resume", "picky")


def selected(world):
    function = world.function("drain", "picky")
    execution = world.start("by-its-target", "picky", "GET")
    by_message = world.start("by-its-message", "picky", "GET")
    for _ in range(2):
        # Where the message says nothing, its target does.
        message = wait_for("its message", 30, lambda: world.sqs.receive_message(
            QueueUrl=world.url("high", "picky"), VisibilityTimeout=600).get("Messages"))[0]
        body = json.loads(message["Body"])
        if body["IdempotencyKey"] == "by-its-message":
            body["ResponseSelector"] = "$.items[*].id"
        world.sqs.delete_message(QueueUrl=world.url("high", "picky"), ReceiptHandle=message["ReceiptHandle"])
        world.sqs.send_message(QueueUrl=world.url("medium", "picky"), MessageBody=json.dumps(body))
    world.map("medium", function, "picky")
    bodies = [json.loads(world.end_of(one)["output"])["ResponseBody"] for one in (execution, by_message)]
    assert bodies == [2, [1, 2]], bodies


def swallowed(function, *arguments):
    try:
        function(*arguments)
    except FunctionError:
        pass


SCENARIOS = (
    undelivered, missing_secret, invalid_messages, long_closed, away, lost_with_its_environment, selected, ordered,
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rampmeter", required=True)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--only", help="one scenario, by its name")
    arguments = parser.parse_args()
    scenarios = [one for one in SCENARIOS if arguments.only in (None, one.__name__)]
    processes, failed = Processes(), 0
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        try:
            world = World(arguments, work, processes)
            for scenario in scenarios:
                try:
                    scenario(world)
                    print(f"holds: {scenario.__name__}")
                except (AssertionError, SystemExit) as error:
                    failed += 1
                    print(f"BROKEN: {scenario.__name__}: {error}")
            for one in world.stopped:
                one.stop()
            if failed:
                print((work / "log").read_text()[-3000:], *("".join(getattr(one, "logged", [])[-20:]) for one in world.stopped))
        finally:
            processes.stop()
    print(f"roles: {len(scenarios) - failed} of {len(scenarios)} hold")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
