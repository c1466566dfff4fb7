"""A server that answers as AWS did: it replays cases recorded from AWS to the adapters.

The cases are beside the project (`../shared/conformance/cases`, or the folder that `RAMPMETER_RECORDINGS` names). Where they
are not, a few answers of the same forms, written from AWS's documentation, stand in, and the output says so.

Two things are done with them:

- **Conversations.** Each test of the suite talks to a script of its own: it says which request must come next, with which
  members, and gives the answer that AWS gave in that place. A request that nobody expects is refused and is a fault.
- **Every recorded answer** to an operation of the adapters is given once, and the test compares what the adapter made of
  it with what the recording means. The meaning is read here, from the recording, and not by the adapter.

Every request and every answer must be what AWS's own model of the service allows (botocore has it). An operation that answers
with nothing (DeleteMessage, SendTaskSuccess) is recorded as a success only; what is no recording at all is counted apart.
"""

import base64
import copy
import hashlib
import json
import pathlib
import queue
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.session
from botocore.validate import ParamValidator

ROOT = pathlib.Path(__file__).resolve().parents[2]
BESIDE = ROOT.parent / "shared/conformance/cases"
SERVICES = {"AmazonSQS": "sqs", "AWSStepFunctions": "stepfunctions"}
SHORT = {"sqs": "sqs", "sfn": "stepfunctions"}
TOKEN = "AQCQAAAAKgAAAAMAAAAA-a-token"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

# For a clone without the cases: forms as AWS's API references have them.
# <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>
# <https://docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html>
STAND_INS = [
    {"id": "documentation/receive", "steps": [
        {"call": "sqs:ReceiveMessage", "expect": {"$": {}}},
        {"call": "sqs:ReceiveMessage", "expect": {"$": {"Messages": [{
            "MessageId": "<uuid:1>", "ReceiptHandle": "<receipt-handle:1>", "MD5OfBody": "<md5>", "Body": "message-1",
            "Attributes": {"ApproximateReceiveCount": "2", "SentTimestamp": "<?timestamp>", "AWSTraceHeader": TRACE},
            "MD5OfMessageAttributes": "<md5>",
            "MessageAttributes": {"A": {"StringValue": "b", "DataType": "String"}}}]}}},
    ]},
    {"id": "documentation/send", "steps": [
        {"call": "sqs:SendMessage", "expect": {"$": {"MD5OfMessageBody": "<md5>", "MessageId": "<uuid:1>"}}},
        {"call": "sqs:SendMessage", "fails": True, "expect": {"$": {"Error": {
            "Code": "InvalidMessageContents", "Message": "The message contains characters outside the allowed set.",
            "QueryErrorCode": "InvalidMessageContents", "Type": "Sender"}}}},
    ]},
    {"id": "documentation/callback", "kind": "callback", "steps": [
        {"call": "sfn:CreateStateMachine", "params": {"definition": json.dumps({"StartAt": "Call", "States": {"Call": {
            "Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}}})}},
        {"call": "sfn:GetExecutionHistory", "expect": {"$": {"events": [
            {"id": 1, "type": "TaskScheduled", "taskScheduledEventDetails": {"resource": "sendMessage.waitForTaskToken",
             "parameters": {"MessageBody": {"Message": "m", "TaskToken": "<task_token:1>"}}}},
            {"id": 2, "type": "TaskSucceeded", "taskSucceededEventDetails": {"output": "\"m\""}}]}}},
    ]},
    {"id": "documentation/token", "definition": "sendTask", "expected": {
        "error": "Sfn.InvalidTokenException",
        "cause": "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: x) (SDK Attempt Count: 1)"}},
]


class Broken(Exception):
    """The adapter sent something unexpected, or the script did not come to its end."""


class Model:
    """AWS's own model of its services."""

    def __init__(self):
        session = botocore.session.get_session()
        self.services = {name: session.get_service_model(name) for name in SERVICES.values()}

    def shape(self, service, operation, side):
        model = self.services[service].operation_model(operation)
        return model.input_shape if side == "request" else model.output_shape

    def faults(self, service, operation, side, members):
        shape = self.shape(service, operation, side)
        if shape is None:
            return "" if not members else f"{sorted(members)} where there is nothing"
        unknown = set(members) - set(shape.members)
        if unknown:
            return f"unknown members {sorted(unknown)}"
        # AWS leaves an empty list out of an answer, as it was recorded of batches, although its model asks for it.
        left_out = {name: [] for name in shape.required_members if side == "answer" and shape.members[name].type_name == "list"}
        report = ParamValidator().validate(left_out | members, shape)
        return report.generate_report() if report.has_errors() else ""


class Recordings:
    """The recorded answers, by operation."""

    def __init__(self, folder):
        self.recorded = folder.is_dir()
        cases = [json.loads(file.read_text()) for file in sorted(folder.glob("*/*.json"))] if self.recorded else STAND_INS
        self.steps, self.tokens, self.callbacks, self.called = [], [], [], set()
        for case in cases:
            self.read_steps(case["id"], case.get("steps", []))
            expected = case.get("expected", {})
            if re.search("sendTask", case.get("definition", "")) and str(expected.get("error", "")).startswith("Sfn."):
                code = expected["error"].removeprefix("Sfn.").removesuffix("Exception")
                self.tokens.append((case["id"], code, expected["cause"].split(" (Service:")[0]))
            if case.get("kind") == "callback" and (callback := read_callback(case)):
                self.callbacks.append(callback)

    def read_steps(self, identity, steps):
        for number, step in enumerate(steps):
            self.read_steps(f"{identity}#worker", step.get("worker", {}).get("do", []))
            if "call" not in step:
                continue
            service, operation = step["call"].split(":")
            if not step.get("fails"):
                self.called.add((SHORT[service], operation))
            expect = step.get("expect", {})
            answer = expect.get("$")
            if answer is None and "$.Messages[0]" in expect:
                answer = {"Messages": [expect["$.Messages[0]"]]}
            if answer is not None:
                answer = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
                self.steps.append((f"{identity}#{number}", SHORT[service], operation, bool(step.get("fails")), answer))

    def of(self, operation, fits=lambda answer: True, fails=False):
        """The first recorded answer of an operation that fits, and where it is from."""
        for identity, _, recorded, refused, answer in self.steps:
            if (recorded, refused) == (operation, fails) and fits(answer):
                return identity, copy.deepcopy(answer)
        raise Broken(f"no recorded answer of {operation} fits")


def read_callback(case):
    """A task that was told its success: what its message held, and the output that AWS kept."""
    for step in case["steps"]:
        events = step.get("expect", {}).get("$", {}).get("events", [])
        scheduled = [event["taskScheduledEventDetails"] for event in events if "taskScheduledEventDetails" in event]
        succeeded = [event["taskSucceededEventDetails"] for event in events if "taskSucceededEventDetails" in event]
        body = scheduled[0].get("parameters", {}).get("MessageBody", {}) if scheduled else {}
        if succeeded and "TaskToken" in body and scheduled[0].get("resource") == "sendMessage.waitForTaskToken":
            return case["id"], body, succeeded[0]["output"]
    return None


def on_wire(value):
    """Bytes, which a recording shows as text where they are that, in base64."""
    return value["$bytes"] if isinstance(value, dict) else base64.b64encode(value.encode()).decode()


def with_token(body, token):
    """The text of a recorded message, with this token."""
    return json.dumps(filled(body, {}) | {"TaskToken": token})


def filled(value, names):
    """A recorded value with the placeholders of the recording replaced, by the conversation's own or made up, and with
    bytes as the wire has them."""
    if isinstance(value, dict) and "$bytes" in value:
        return value["$bytes"]
    if isinstance(value, dict):
        return {key: on_wire(one) if key == "BinaryValue" else filled(one, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if not isinstance(value, str):
        return value

    def replaced(match):
        name = match.group(1).lstrip("?")
        kind = name.split(":")[0]
        if name in names or kind in names:
            return str(names.get(name, names.get(kind)))
        if "timestamp" in kind:
            return "1764115200123"
        return f"{kind}-{name.split(':')[-1]}"
    return re.sub(r"<(\??[^<>]+)>", replaced, value)


class Talk:
    """One conversation: what came, and what is answered."""

    def __init__(self, server):
        self.server = server
        self.requests, self.answers = queue.Queue(), queue.Queue()

    def hear(self, operation, **members):
        """The next request. It must be this operation and have these members, among others."""
        try:
            service, came, request = self.requests.get(timeout=30)
        except queue.Empty:
            raise Broken(f"nothing came where {operation} was expected") from None
        if came != operation:
            raise Broken(f"{came} came where {operation} was expected")
        for name, value in members.items():
            if callable(value):
                if not value(request.get(name)):
                    raise Broken(f"{operation} has {name} = {request.get(name)!r}")
            elif request.get(name) != value:
                raise Broken(f"{operation} has {name} = {request.get(name)!r}, not {value!r}")
        return request

    def answer(self, recorded=None, model=None, **names):
        """Answers as recorded, `(identity, answer)`, or by the model where there is no recording."""
        if recorded is not None:
            identity, answer = recorded
            self.server.replayed.append(identity)
            self.answers.put((200, filled(answer, names)))
        else:
            self.server.modelled += 1
            self.answers.put((200, model or {}))

    def done(self):
        """Answers with nothing, as every recorded success of such an operation was answered."""
        self.answers.put((200, None))

    def refuse(self, code, message, recorded=None):
        if recorded:
            self.server.replayed.append(recorded)
        else:
            self.server.modelled += 1
        self.answers.put((400, {"code": code, "message": message}))


class Server:
    """The recordings behind HTTP, as AWS speaks it."""

    def __init__(self, folder, planted=False):
        """`planted`: every message is said to have been received once more than the recording says."""
        self.recordings, self.model = Recordings(folder), Model()
        self.replayed, self.modelled, self.faults, self.heard = [], 0, [], 0
        self.talk, self.over, self.next = None, threading.Event(), None
        self.each = list(self.meanings())
        for meaning, _ in self.each if planted else ():
            for message in meaning.get("messages", []):
                message["receives"] += 1
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def said(self):
        """How many of the responses are from recordings."""
        source = "recordings" if self.recordings.recorded else "AWS's documentation (no recordings are here)"
        return (f"{self.heard} requests; {len(self.replayed)} answers from {source}, {len(set(self.replayed))} different; "
                f"{self.modelled} by the service model; {len(self.faults)} faults")

    def meanings(self):
        """Every recorded answer to an operation of the adapters, and what it means."""
        for identity, _, operation, refused, answer in self.recordings.steps:
            meaning = {"id": identity, "operation": operation}
            if refused and operation in ("ReceiveMessage", "SendMessage"):
                yield meaning | {"refused": answer["Error"]["Code"]}, (400, {
                    "code": answer["Error"]["Code"], "message": answer["Error"].get("Message", ""),
                    "query": answer["Error"].get("QueryErrorCode"), "sender": answer["Error"].get("Type", "Sender")})
            elif operation == "SendMessage" and not refused:
                yield meaning, (200, filled(answer, {}))
            elif operation == "ReceiveMessage" and not refused:
                answer = filled(answer, {})
                messages = [{
                    "id": message["MessageId"], "handle": message["ReceiptHandle"], "body": message["Body"],
                    "receives": int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
                    "trace": message.get("Attributes", {}).get("AWSTraceHeader"),
                } for message in answer.get("Messages", [])
                    if isinstance(message.get("Body"), str) and {"MessageId", "ReceiptHandle"} <= set(message)]
                if len(messages) == len(answer.get("Messages", [])):
                    yield meaning | {"messages": messages}, (200, answer)
        for identity, body, output in self.recordings.callbacks:
            told = output if isinstance(output, str) else json.dumps(output)
            yield ({"id": identity, "operation": "SendTaskSuccess", "body": with_token(body, TOKEN),
                    "token": TOKEN, "output": told}, (200, {}))
        for identity, code, message in self.recordings.tokens:
            for operation in ("SendTaskHeartbeat", "SendTaskSuccess", "SendTaskFailure"):
                yield ({"id": identity, "operation": operation, "refused": code}, (400, {"code": code, "message": message}))

    def ask(self, service, operation, request):
        """The answer to a request: of the recorded answer that was asked for, else of the conversation."""
        self.heard += 1
        if wrong := self.model.faults(service, operation, "request", request):
            raise Broken(f"{operation} is no request of AWS: {wrong}")
        if self.next is not None:
            meaning, answer = self.next
            self.next = None
            if meaning["operation"] != operation:
                raise Broken(f"{operation} came where {meaning['operation']} was asked for")
            told = {"output": meaning.get("output"), "taskToken": meaning.get("token")}
            if "output" in meaning and request != told:
                raise Broken(f"{request} was told, not {told}")
            self.replayed.append(meaning["id"])
            return answer
        script = SCRIPTS.get(request.get("QueueName", request.get("taskToken")))
        if script and (self.talk is None or self.over.is_set()):
            self.talk, self.over = Talk(self), threading.Event()
            threading.Thread(target=self.converse, args=(script, self.talk, self.over), daemon=True).start()
        if self.talk is None or self.over.is_set():
            raise Broken(f"{operation} came where nothing was expected")
        self.talk.requests.put((service, operation, request))
        status, answer = self.talk.answers.get(timeout=30)
        if answer is None:
            if (service, operation) in self.recordings.called:
                self.replayed.append(f"a success of {operation}")
            else:
                self.modelled += 1
            answer = {}
        return status, answer

    def converse(self, script, talk, over):
        try:
            script(self.recordings, talk)
        except Broken as error:
            self.faults.append(f"{script.__name__}: {error}")
            talk.answers.put((400, {"code": "Broken", "message": str(error)}))
        time.sleep(0.01)
        over.set()

    def handler(server):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.give(200, json.dumps([meaning for meaning, _ in server.each]).encode(), {})

            def do_PUT(self):
                server.next = server.each[int(self.path.rsplit("/", 1)[1])]
                self.give(200, b"{}", {})

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                prefix, operation = self.headers["X-Amz-Target"].split(".")
                service = SERVICES[prefix]
                try:
                    if self.headers.get("Content-Type") != "application/x-amz-json-1.0":
                        raise Broken(f"the content type is {self.headers.get('Content-Type')}")
                    if not self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
                        raise Broken("the request is not signed")
                    status, answer = server.ask(service, operation, json.loads(body))
                    if status == 200 and (wrong := server.model.faults(service, operation, "answer", answer)):
                        raise Broken(f"the answer to {operation} is none of AWS: {wrong}")
                except Broken as error:
                    server.faults.append(str(error))
                    status, answer = 400, {"code": "Broken", "message": str(error)}
                headers = {}
                if status != 200:
                    if answer.get("query") or service == "sqs":
                        headers["x-amzn-query-error"] = f"{answer.get('query') or answer['code']};{answer.get('sender', 'Sender')}"
                    space = "com.amazonaws.sqs#" if service == "sqs" else ""
                    answer = {"__type": space + answer["code"], "message": answer["message"]}
                self.give(status, json.dumps(answer).encode(), headers)

            def give(self, status, body, headers):
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("x-amzn-RequestId", "00000000-0000-4000-8000-000000000000")
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


# The conversations: one for each test of `adapters.rs` whose services were recorded.

def make_queues(talk, name):
    for end in ("high", "medium", "batch", "dead"):
        talk.hear("CreateQueue", QueueName=f"{name}-{end}")
        talk.answer(model={"QueueUrl": url(name, end)})


def url(name, end):
    return f"https://sqs.us-east-1.amazonaws.com/123456789012/{name}-{end}"


def find_queue(talk, name, end):
    talk.hear("GetQueueUrl", QueueName=f"{name}-{end}")
    talk.answer(model={"QueueUrl": url(name, end)})


def message(recordings, number, body, receives):
    """A message in the form of a recorded one, with the attributes that the worker asks for."""
    identity, answer = recordings.of("ReceiveMessage", lambda a: "SentTimestamp" in first(a).get("Attributes", {}))
    form = filled(first(answer), {})
    form |= {"MessageId": f"id-{number}", "ReceiptHandle": f"handle-{number}-{receives}", "Body": body,
             "MD5OfBody": hashlib.md5(body.encode()).hexdigest()}
    form["Attributes"]["ApproximateReceiveCount"] = str(receives)
    return identity, form


def sent_answer(recordings, body):
    """What a standard queue answers to this body: a recorded answer without what only a FIFO queue says."""
    identity, answer = recordings.of("SendMessage")
    answer.pop("SequenceNumber", None)
    return identity, answer | {"MD5OfMessageBody": hashlib.md5(body.encode()).hexdigest()}


def first(answer):
    return (answer.get("Messages") or [{}])[0]


def hand_out(recordings, talk, messages):
    made = [message(recordings, *one) for one in messages]
    if made:
        talk.answer((made[0][0], {"Messages": [form for _, form in made]}))
    else:
        talk.answer(recordings.of("ReceiveMessage", lambda answer: not answer.get("Messages")))


def gives(recordings, talk):
    make_queues(talk, "gives")
    find_queue(talk, "gives", "medium")
    bodies = []
    for _ in range(12):
        bodies.append(talk.hear("SendMessage", QueueUrl=url("gives", "medium"))["MessageBody"])
        talk.answer(sent_answer(recordings, bodies[-1]))
    asked = {"WaitTimeSeconds": 0, "VisibilityTimeout": 60,
             "MessageSystemAttributeNames": ["ApproximateReceiveCount", "SentTimestamp", "AWSTraceHeader"]}
    talk.hear("ReceiveMessage", QueueUrl=url("gives", "high"), MaxNumberOfMessages=1, **asked)
    hand_out(recordings, talk, [])
    talk.hear("ReceiveMessage", QueueUrl=url("gives", "medium"), MaxNumberOfMessages=10, **asked)
    hand_out(recordings, talk, [(number, bodies[number], 1) for number in range(10)])
    talk.hear("ReceiveMessage", QueueUrl=url("gives", "medium"), MaxNumberOfMessages=3, **asked)
    hand_out(recordings, talk, [(number, bodies[number], 1) for number in (10, 11)])
    talk.hear("ChangeMessageVisibility", QueueUrl=url("gives", "medium"), ReceiptHandle="handle-10-1", VisibilityTimeout=0)
    talk.done()
    talk.hear("ReceiveMessage", QueueUrl=url("gives", "medium"), MaxNumberOfMessages=10, **asked)
    hand_out(recordings, talk, [(10, bodies[10], 2)])
    batch = talk.hear("ChangeMessageVisibilityBatch", QueueUrl=url("gives", "medium"))["Entries"]
    if [(entry["ReceiptHandle"], entry["VisibilityTimeout"]) for entry in batch] != [(f"handle-{n}-1", 60) for n in range(10)]:
        raise Broken(f"a batch of {batch}")
    talk.answer(model={"Successful": [{"Id": entry["Id"]} for entry in batch]})
    talk.hear("DeleteMessage", QueueUrl=url("gives", "medium"), ReceiptHandle="handle-10-2")
    talk.done()
    talk.hear("ReceiveMessage", QueueUrl=url("gives", "medium"), MaxNumberOfMessages=10, **asked)
    hand_out(recordings, talk, [])


def buries(recordings, talk):
    make_queues(talk, "buries")
    sent = talk.hear("SendMessage", QueueUrl=url("buries", "dead"))
    talk.answer(sent_answer(recordings, sent["MessageBody"]))
    find_queue(talk, "buries", "dead")
    talk.hear("ReceiveMessage", QueueUrl=url("buries", "dead"), MessageAttributeNames=["All"])
    identity, answer = recordings.of("ReceiveMessage", lambda answer: "MessageAttributes" in first(answer))
    form = filled(first(answer), {}) | {"Body": sent["MessageBody"], "MessageAttributes": sent["MessageAttributes"]}
    trace = sent["MessageSystemAttributes"]["AWSTraceHeader"]
    form["Attributes"] = {"AWSTraceHeader": trace["StringValue"]}
    talk.answer((identity, {"Messages": [form]}))


def waiting(recordings, talk, name):
    """An execution of a recorded callback that waits for its token."""
    make_queues(talk, name)
    find_queue(talk, name, "high")
    if not recordings.callbacks:
        raise Broken("no callback was recorded")
    identity, body, _ = recordings.callbacks[0]
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:" + name
    execution = machine.replace("stateMachine", "execution") + f":{name}"
    talk.hear("CreateStateMachine", name=name)
    answer_of(recordings, talk, "CreateStateMachine", {"stateMachineArn": machine, "creationDate": 1764115200.1})
    talk.hear("StartExecution", stateMachineArn=machine, name=name)
    answer_of(recordings, talk, "StartExecution", {"executionArn": execution, "startDate": 1764115200.2})
    talk.hear("ReceiveMessage", QueueUrl=url(name, "high"))
    _, form = message(recordings, 1, with_token(body, f"token of {name}"), 1)
    talk.answer((identity, {"Messages": [form]}))
    return execution


def answer_of(recordings, talk, operation, answer):
    """An answer with the members of a recorded one, and the conversation's own values."""
    try:
        identity, recorded = recordings.of(operation)
    except Broken:
        return talk.answer(model=answer)
    if set(recorded) != set(answer):
        raise Broken(f"AWS answers {operation} with {sorted(recorded)}")
    return talk.answer((identity, answer))


def described(recordings, talk, execution, machine_status, more):
    talk.hear("DescribeExecution", executionArn=execution)
    answer = {"executionArn": execution, "stateMachineArn": execution.replace("execution", "stateMachine").rsplit(":", 1)[0],
              "status": machine_status, "startDate": 1764115200.2, "stopDate": 1764115201.0, **more}
    try:
        status = {"SUCCEEDED": "SUCCEEDED"}.get(machine_status, "TIMED_OUT")
        identity, recorded = recordings.of("DescribeExecution", lambda one: one.get("status") == status)
    except Broken:
        return talk.answer(model=answer)
    recorded = {key: value for key, value in recorded.items() if key in ("redriveCount", "redriveStatus", "inputDetails")}
    return talk.answer((identity, recorded | answer))


def succeeds(recordings, talk):
    execution = waiting(recordings, talk, "succeeds")
    talk.hear("SendTaskHeartbeat", taskToken="token of succeeds")
    talk.done()
    told = talk.hear("SendTaskSuccess", taskToken="token of succeeds")["output"]
    talk.done()
    described(recordings, talk, execution, "SUCCEEDED", {"output": told})
    for operation in ("SendTaskHeartbeat", "SendTaskSuccess"):
        talk.hear(operation, taskToken="token of succeeds")
        talk.refuse("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")


def fails(recordings, talk):
    execution = waiting(recordings, talk, "fails")
    told = talk.hear("SendTaskFailure", taskToken="token of fails", cause=lambda cause: json.loads(cause)["Attempts"] == 3)
    talk.done()
    described(recordings, talk, execution, "FAILED", {"error": told["error"], "cause": told["cause"]})


def no_token(recordings, talk):
    talk.hear("SendTaskHeartbeat", taskToken="nonsense")
    identity, code, text = recordings.tokens[0]
    talk.refuse(code, text, identity)


SCRIPTS = {"gives-high": gives, "buries-high": buries, "succeeds-high": succeeds, "fails-high": fails, "nonsense": no_token}
