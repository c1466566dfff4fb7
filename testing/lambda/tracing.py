#!/usr/bin/env python3
"""The trace of a message goes through the worker: a proxy sees every request to SQS and Step Functions, a socket receives
what X-Ray's daemon would, and the vendor says what it was sent.

    tracing.py --rampmeter target/debug/rampmeter --bootstrap target/debug/bootstrap

Prints what holds, and exits 1 if anything does not.
"""

import argparse
import json
import pathlib
import re
import socket
import sys
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from faults import Faults
from pollers import Mapping
from servers import Processes, client, hide_for, start_moto, start_serve, wait_for
from service import Function

PARENT = "53995c3f42cd8ad8"
INVOCATION = "Root=1-00000000-000000000000000000000000;Sampled=0"
WORKFLOW = {"StartAt": "Call", "States": {"Call": {
    "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
    "Parameters": {"QueueUrl.$": "$.queue", "MessageBody": {"TaskToken.$": "$$.Task.Token"}}}}}
CONFIGURATION = """
[server]
aws = "127.0.0.1:0"
admin = "127.0.0.1:0"
[targets.erp]
base_url = "{vendor}/api"
timeout = "5s"
worker = "external"
retry = {{ max_attempts = 3, initial = "1s", max = "1s" }}
[[targets.erp.limits]]
name = "account"
concurrency = 4
[workflows.order]
definition = "order.asl.json"
[aws.targets.erp]
auth = {{ kind = "bearer", secret = "${{secret:tracing/token}}" }}
"""


class Vendor(BaseHTTPRequestHandler):
    """Answers by the last part of the path, and keeps what it was sent."""

    heard = []

    def do_GET(self):
        Vendor.heard.append((self.path, dict(self.headers)))
        kind = self.path.split("?")[0].rsplit("/", 1)[-1]
        again = kind == "again" and sum(kind in path for path, _ in Vendor.heard) == 1
        self.send_response(500 if again else 404 if kind == "absent" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Seen(Faults):
    """No faults; every request with its trace."""

    def __init__(self, upstream):
        self.seen = []
        super().__init__(upstream, {})

    def forward(self, method, path, headers, body):
        trace = next((value for name, value in headers.items() if name.lower() == "x-amzn-trace-id"), None)
        operation = headers.get("X-Amz-Target", headers.get("x-amz-target", "")).split(".")[-1]
        self.seen.append((operation, trace, json.loads(body or b"{}")))
        return super().forward(method, path, headers, body)


class Daemon:
    """The UDP port of X-Ray's daemon."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.datagrams = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            self.datagrams.append(self.socket.recv(65_536).decode())

    def documents(self):
        return [json.loads(datagram.split("\n", 1)[1]) for datagram in self.datagrams]


def root(number):
    return f"1-5759e988-{number:024x}"


def header(number, sampled):
    return f"Root={root(number)};Parent={PARENT};Sampled={sampled};Lineage=1:a87bd80c:0"


class World:
    def __init__(self, arguments, work, processes):
        vendor = ThreadingHTTPServer(("127.0.0.1", 0), Vendor)
        threading.Thread(target=vendor.serve_forever, daemon=True).start()
        self.log = open(work / "log", "w")
        (work / "order.asl.json").write_text(json.dumps(WORKFLOW))
        self.vendor = f"http://127.0.0.1:{vendor.server_port}"
        configuration = CONFIGURATION.format(vendor=self.vendor)
        serve = start_serve(processes, arguments.rampmeter, work, configuration, self.log)
        moto = start_moto(processes, work, self.log)
        client("secretsmanager", moto).create_secret(Name="tracing/token", SecretString="canary-of-the-vendor")
        client("dynamodb", moto).create_table(
            TableName="limits", BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        self.sqs, self.states = client("sqs", serve), client("stepfunctions", serve)
        self.prefix = self.sqs.get_queue_url(QueueName="erp-high")["QueueUrl"].removesuffix("-high")
        for queue in ("undelivered", "tokens"):
            self.sqs.create_queue(QueueName=f"erp-{queue}")
        self.machine = self.states.list_state_machines()["stateMachines"][0]["stateMachineArn"]
        self.seen, self.daemon, self.bootstrap, self.work, self.stopped = Seen(serve), Daemon(), arguments.bootstrap, work, []
        self.variables = {
            "RAMPMETER_TARGET": "erp", "RAMPMETER_CONFIG": str(work / "rampmeter.toml"), "RAMPMETER_TABLE": "limits",
            "RAMPMETER_QUEUES": self.prefix, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_ENDPOINT_URL": moto, "AWS_ENDPOINT_URL_SQS": self.seen.url,
            "AWS_ENDPOINT_URL_SFN": self.seen.url, "AWS_XRAY_DAEMON_ADDRESS": self.daemon.address,
        }

    def map(self, role, queue):
        function = Function("erp-worker", self.bootstrap, {**self.variables, "RAMPMETER_ROLE": role}, 2, 90, self.log)
        hide_for(self.sqs, f"{self.prefix}-{queue}", function.timeout)
        mapping = Mapping(self.sqs, f"{self.prefix}-{queue}", f"arn:aws:sqs:us-east-1:0:erp-{queue}", function, 2)
        self.stopped += [mapping, function]

    def token(self, name):
        """The token of an execution that waits."""
        self.states.start_execution(stateMachineArn=self.machine, name=name,
                                    input=json.dumps({"queue": f"{self.prefix}-tokens"}))
        received = wait_for("a token", 30, lambda: self.sqs.receive_message(
            QueueUrl=f"{self.prefix}-tokens", VisibilityTimeout=600).get("Messages"))
        return json.loads(received[0]["Body"])["TaskToken"]

    def send(self, queue, path, trace, token=None):
        body = {"Method": "GET", "Path": path, "QueryParameters": {"q": "canary-of-the-query"}}
        body |= {"TaskToken": token} if token else {}
        more = {"MessageSystemAttributes": {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}} if trace else {}
        self.sqs.send_message(QueueUrl=f"{self.prefix}-{queue}", MessageBody=json.dumps(body), **more)

    def of(self, token):
        """Operation and trace of the requests that name a token."""
        return [(operation, trace) for operation, trace, body in list(self.seen.seen) if body.get("taskToken") == token]

    def dead(self):
        found = {}

        def all_of_them():
            for message in self.sqs.receive_message(
                    QueueUrl=f"{self.prefix}-dead", MaxNumberOfMessages=10, MessageSystemAttributeNames=["AWSTraceHeader"],
            ).get("Messages", []):
                body = json.loads(message["Body"])
                found[body["Path"]] = message.get("Attributes", {}).get("AWSTraceHeader")
            return len(found) == 2
        wait_for("two dead letters", 60, all_of_them)
        return found


def checks(world):
    tokens = {name: world.token(name) for name in ("sampled", "again", "unsampled", "untraced")}
    world.send("high", "/items/1", header(1, 1), tokens["sampled"])
    world.send("high", "/items/again", header(2, 1), tokens["again"])
    world.send("high", "/items/3", header(3, 0), tokens["unsampled"])
    world.send("high", "/items/4", None, tokens["untraced"])
    world.send("high", "/items/absent", header(5, 1))
    world.send("undelivered", "/items/6", header(6, 1), "a token that is dead")
    world.map("drain", "high")
    world.map("undelivered", "undelivered")
    wait_for("the end of all calls", 60, lambda: all(
        any(operation == "SendTaskSuccess" for operation, _ in world.of(token)) for token in tokens.values()))
    dead = world.dead()
    wait_for("the last deletion", 30, lambda: sum(
        operation == "DeleteMessage" for operation, _, _ in list(world.seen.seen)) >= 5)
    documents = world.daemon.documents()
    segments = {document["trace_id"]: document for document in documents if document.get("type") != "subsegment"}
    attempts = [document for document in documents if document.get("type") == "subsegment"]
    of_one = segments.get(root(1), {})
    under = header(1, 1).replace(PARENT, of_one.get("id", "?"))
    told = [(operation, trace) for operation, trace in world.of(tokens["sampled"])]
    yield "a heartbeat and a success are of the trace of their message, under the worker's segment", told == [
        ("SendTaskHeartbeat", under), ("SendTaskSuccess", under)], told
    yield "the segment is under the one that sent the message", (
        of_one.get("parent_id"), of_one.get("name"), of_one.get("annotations")) == (
        PARENT, "erp-worker", {"target": "erp", "priority": "HIGH"}), of_one
    deleted = sorted(str(trace) for operation, trace, _ in world.seen.seen if operation == "DeleteMessage")
    roots = [re.search(r"Root=([^;]*)", trace).group(1) for trace in deleted]
    expected = sorted([root(1), root(2), root(3), root(5), "1-" + "0" * 8 + "-" + "0" * 24])
    yield "each deletion is of the trace of its message, in one invocation", sorted(roots) == expected, deleted
    hidden = [trace for operation, trace, _ in world.seen.seen if operation == "ChangeMessageVisibility" and root(2) in str(trace)]
    yield "a message that is handed back is of its trace", len(hidden) >= 1, world.seen.seen
    of_three = world.of(tokens["unsampled"])
    yield "a trace that is not recorded goes through as it came, and nothing is told of it", (
        {trace for _, trace in of_three} == {header(3, 0)} and root(3) not in json.dumps(documents)), of_three
    of_four = world.of(tokens["untraced"])
    yield "a message of no trace is of the invocation's", {trace for _, trace in of_four} == {INVOCATION}, of_four
    buried = dead["/items/absent"]
    sent_by = segments.get(root(5), {}).get("id", "?")
    yield "a dead letter stays of its trace", buried == header(5, 1).replace(PARENT, sent_by), buried
    yield "so does one of the consumer of undelivered messages", dead["/items/6"] == header(6, 1), dead
    of_again = [one for one in attempts if one["trace_id"] == root(2)]
    statuses = [(one["http"]["response"]["status"], one.get("fault", False)) for one in of_again]
    yield "each attempt says where it went and how the vendor answered", (
        statuses == [(500, True), (200, False)]
        and of_again[0]["http"]["request"] == {"method": "GET", "url": f"{world.vendor}/api/items/again"}), of_again
    leaked = [word for word in ("canary", "taskToken", tokens["sampled"]) if word in "".join(world.daemon.datagrams)]
    yield "neither query nor secret nor token is told", leaked == [] and len(attempts) == 4, (leaked, attempts)
    sent = [name for _, headers in Vendor.heard for name in headers if "trace" in name.lower()]
    yield "the vendor is sent nothing of it", sent == [] and len(Vendor.heard) == 6, Vendor.heard
    logged = [json.loads(line) for one in world.stopped for line in getattr(one, "logged", []) if line.startswith("{")]
    traced = {line["xray_trace_id"] for line in logged if "xray_trace_id" in line}
    yield "the log names the traces", traced == {root(1), root(2), root(3), root(5)}, traced


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rampmeter", required=True)
    parser.add_argument("--bootstrap", required=True)
    arguments = parser.parse_args()
    processes, world, held, failed = Processes(), None, 0, 0
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        try:
            world = World(arguments, work, processes)
            for what, holds, instead in checks(world):
                held, failed = held + bool(holds), failed + (not holds)
                print(f"holds: {what}" if holds else f"BROKEN: {what}: {instead}")
        except SystemExit as error:
            failed += 1
            print(f"BROKEN: {error}", (work / "log").read_text()[-3000:], world and world.seen.seen)
        finally:
            for one in world.stopped if world else ():
                one.stop()
            processes.stop()
    print(f"tracing: {held} of {held + failed} hold")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
