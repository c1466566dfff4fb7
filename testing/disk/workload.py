"""Work for a server whose disk is watched: executions that wait for a token and are told, calls with long answers, messages
that are sent and deleted. Everything that the server acknowledged is written down with the time at which it was."""

import http.client
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

LONG = 6_000
CALL = {"StartAt": "Call", "States": {"Call": {
    "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
    "Parameters": {"QueueUrl": "${ErpHigh}", "MessageBody": {
        "TaskToken.$": "$$.Task.Token", "Method": "GET", "Path.$": "States.Format('/items/{}', $.name)"}}}}}
WAIT = {"StartAt": "Wait", "States": {"Wait": {
    "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
    "Parameters": {"QueueUrl": "tokens", "MessageBody": {"TaskToken.$": "$$.Task.Token", "Name.$": "$.name"}}}}}


class Refused(Exception):
    """The server did not acknowledge."""


class Vendor(BaseHTTPRequestHandler):
    """Answers with a body that is too long for a workflow, and notes when each call arrived."""

    protocol_version = "HTTP/1.1"
    arrived = []

    def do_GET(self):
        Vendor.arrived.append((time.monotonic_ns(), self.path.rsplit("/", 1)[-1]))
        body = json.dumps({"name": self.path, "text": "x" * LONG}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A server that is killed leaves its connections: that is no error here."""


def start_vendor():
    server = Listener(("127.0.0.1", 0), Vendor)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def configuration(vendor):
    return f"""
version = 1
[server]
aws = "127.0.0.1:0"
admin = "127.0.0.1:0"
[targets.erp]
base_url = "{vendor}"
timeout = "5s"
response = {{ inline = "1KiB" }}
[[targets.erp.limits]]
name = "account"
concurrency = 4
[workflows.call]
definition = "call.asl.json"
"""


class Client:
    """Speaks AWS JSON to one server, over one connection for each thread."""

    def __init__(self, url):
        self.place, self.local = urlsplit(url), threading.local()

    def call(self, operation, **members):
        connection = getattr(self.local, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection(self.place.hostname, self.place.port, timeout=30)
            self.local.connection = connection
        try:
            connection.request("POST", "/", json.dumps(members), {"X-Amz-Target": operation})
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.local.connection = None
            raise Refused(str(error)) from error
        if response.status != 200:
            raise Refused(body.decode(errors="replace"))
        return json.loads(body or b"{}")


class Workload:
    """What was asked and what was acknowledged: (nanoseconds, name) for each kind."""

    def __init__(self):
        self.asked, self.acknowledged, self.lock = {}, {}, threading.Lock()
        self.outputs = {}

    def done(self, kind, name, call):
        """Asks for something, and notes when it was acknowledged."""
        with self.lock:
            self.asked.setdefault(kind, {})[name] = time.monotonic_ns()
        reply = call()
        with self.lock:
            self.acknowledged.setdefault(kind, {})[name] = time.monotonic_ns()
        return reply

    def prepare(self, client, pad):
        self.machines = {
            machine["name"]: machine["stateMachineArn"]
            for machine in client.call("AWSStepFunctions.ListStateMachines")["stateMachines"]}
        for queue in ("tokens", "plain"):
            client.call("AmazonSQS.CreateQueue", QueueName=queue)
        if "wait" not in self.machines:
            made = client.call("AWSStepFunctions.CreateStateMachine", name="wait", definition=json.dumps(WAIT),
                               roleArn="arn:aws:iam::000000000000:role/disk")
            self.machines["wait"] = made["stateMachineArn"]
        self.pad = "." * pad

    def run(self, client, numbers, threads=3):
        """Works through these numbers, each once. Ends early when the server acknowledges nothing more."""
        left, broken = list(numbers), []

        def work():
            while left and not broken:
                try:
                    self.one(client, left.pop(0))
                except (Refused, IndexError) as error:
                    if isinstance(error, Refused):
                        broken.append(error)
        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return broken

    def one(self, client, number):
        def start(kind):
            name = f"{kind}-{number}"
            self.done("start", name, lambda: client.call(
                "AWSStepFunctions.StartExecution", stateMachineArn=self.machines[kind], name=name,
                input=json.dumps({"name": name})))
        start("call")
        start("wait")
        body = json.dumps({"mark": f"mark-{number}", "pad": self.pad})
        self.done("send", f"mark-{number}", lambda: client.call("AmazonSQS.SendMessage", QueueUrl="plain", MessageBody=body))
        self.answer_one(client)
        if number % 2:
            self.delete_one(client)
        self.look_at(client, f"call-{number}")

    def answer_one(self, client):
        received = client.call("AmazonSQS.ReceiveMessage", QueueUrl="tokens", VisibilityTimeout=600)
        for message in received.get("Messages", []):
            body = json.loads(message["Body"])
            output = json.dumps({"told": body["Name"]})
            self.outputs[body["Name"]] = output
            self.done("end", body["Name"], lambda: client.call(
                "AWSStepFunctions.SendTaskSuccess", taskToken=body["TaskToken"], output=output))
            client.call("AmazonSQS.DeleteMessage", QueueUrl="tokens", ReceiptHandle=message["ReceiptHandle"])

    def delete_one(self, client):
        received = client.call("AmazonSQS.ReceiveMessage", QueueUrl="plain", VisibilityTimeout=600)
        for message in received.get("Messages", []):
            mark = json.loads(message["Body"])["mark"]
            self.done("delete", mark, lambda: client.call(
                "AmazonSQS.DeleteMessage", QueueUrl="plain", ReceiptHandle=message["ReceiptHandle"]))

    def look_at(self, client, name):
        """What was reported of an ended execution stays so."""
        arn = self.machines["call"].replace(":stateMachine:", ":execution:") + f":{name}"
        described = client.call("AWSStepFunctions.DescribeExecution", executionArn=arn)
        if described["status"] == "SUCCEEDED":
            self.outputs[name] = described["output"]
            with self.lock:
                self.acknowledged.setdefault("end", {})[name] = time.monotonic_ns()
