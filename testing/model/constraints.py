"""Every constraint of AWS's own service models, violated once against a running server.

    python3 testing/model/constraints.py http://127.0.0.1:4566

botocore carries the models of Step Functions and SQS: each operation with its members, which of them are required, and
what each may hold. For every operation that this server names in docs/aws-api.md the script makes one good request, then
sends it once for each constraint with that constraint violated, and compares the answer with what AWS answers: the
error, and for Step Functions its whole text. What the models do not say (which errors the service itself finds, in which
order) is not here: the recorded cases and the tests of `wire` hold it.

Exit status 0: all answers are AWS's; 1: some differ, and each is printed.
"""

import copy
import json
import pathlib
import re
import sys
import time
import urllib.error
import urllib.request
import uuid

import botocore.session

PREFIXES = {"stepfunctions": "AWSStepFunctions", "sqs": "AmazonSQS"}
HEADINGS = {"stepfunctions": "Step Functions", "sqs": "SQS"}

# Never shown in an error here: whoever holds a task token may end the task.
SECRET = {"TaskToken"}

# AWS writes the values of an enumeration in an order of its own; where it was seen, it is here.
SEEN_ORDER = {
    "ExecutionStatus": ["SUCCEEDED", "TIMED_OUT", "PENDING_REDRIVE", "ABORTED", "FAILED", "RUNNING"],
}

PASS = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
MAP = json.dumps(
    {
        "StartAt": "M",
        "States": {
            "M": {
                "Type": "Map",
                "ItemProcessor": {
                    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                    "StartAt": "P",
                    "States": {"P": {"Type": "Pass", "End": True}},
                },
                "End": True,
            }
        },
    }
)
ROLE = "arn:aws:iam::000000000000:role/r"


class Server:
    def __init__(self, url):
        self.url = url

    def call(self, service, operation, request):
        """The status and the body of the answer to one request of AWS JSON."""
        sent = urllib.request.Request(
            self.url,
            data=json.dumps(request).encode(),
            headers={
                "Content-Type": "application/x-amz-json-1.0",
                "X-Amz-Target": f"{PREFIXES[service]}.{operation}",
            },
        )
        try:
            with urllib.request.urlopen(sent, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as refused:
            return refused.code, json.loads(refused.read() or b"{}")

    def good(self, service, operation, request):
        status, answer = self.call(service, operation, request)
        assert status == 200, (operation, request, answer)
        return answer


def served(service):
    """The operations that docs/aws-api.md names for a service."""
    page = pathlib.Path(__file__).parents[2] / "docs" / "aws-api.md"
    section = page.read_text().split(f"\n## {HEADINGS[service]}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| ([A-Z]\w+) \|", section, re.M)


def step_functions(server):
    """One good request for each operation of Step Functions, on resources made for it."""
    call = lambda operation, **request: server.good("stepfunctions", operation, request)
    name = uuid.uuid4().hex
    made = call("CreateStateMachine", name=name, definition=PASS, roleArn=ROLE, publish=True)
    machine, version = made["stateMachineArn"], made["stateMachineVersionArn"]
    express = call("CreateStateMachine", name=f"x{name}", definition=PASS, roleArn=ROLE, type="EXPRESS")
    mapped = call("CreateStateMachine", name=f"m{name}", definition=MAP, roleArn=ROLE)["stateMachineArn"]
    routes = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = call("CreateStateMachineAlias", name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    activity = call("CreateActivity", name=name)["activityArn"]
    execution = call("StartExecution", stateMachineArn=machine)["executionArn"]
    parent = call("StartExecution", stateMachineArn=mapped, input="[1]")["executionArn"]
    deadline = time.monotonic() + 20
    while not (runs := call("ListMapRuns", executionArn=parent)["mapRuns"]):
        assert time.monotonic() < deadline, "the map run did not begin"
        time.sleep(0.05)
    run = runs[0]["mapRunArn"]
    token = {"taskToken": "AQ"}
    described = {"executionArn": execution}
    return {
        "CreateActivity": {"name": f"a{name}"},
        "CreateStateMachine": {"name": f"c{name}", "definition": PASS, "roleArn": ROLE},
        "CreateStateMachineAlias": {"name": "next", "routingConfiguration": routes},
        "DeleteActivity": {"activityArn": activity},
        "DeleteStateMachine": {"stateMachineArn": machine},
        "DeleteStateMachineAlias": {"stateMachineAliasArn": alias},
        "DeleteStateMachineVersion": {"stateMachineVersionArn": version},
        "DescribeActivity": {"activityArn": activity},
        "DescribeExecution": described,
        "DescribeMapRun": {"mapRunArn": run},
        "DescribeStateMachine": {"stateMachineArn": machine},
        "DescribeStateMachineAlias": {"stateMachineAliasArn": alias},
        "DescribeStateMachineForExecution": described,
        "GetActivityTask": {"activityArn": activity},
        "GetExecutionHistory": described,
        "ListActivities": {},
        "ListExecutions": {"stateMachineArn": machine},
        "ListMapRuns": {"executionArn": parent},
        "ListStateMachineAliases": {"stateMachineArn": machine},
        "ListStateMachineVersions": {"stateMachineArn": machine},
        "ListStateMachines": {},
        "ListTagsForResource": {"resourceArn": machine},
        "PublishStateMachineVersion": {"stateMachineArn": machine},
        "RedriveExecution": described,
        "SendTaskFailure": token,
        "SendTaskHeartbeat": token,
        "SendTaskSuccess": token | {"output": "{}"},
        "StartExecution": {"stateMachineArn": machine},
        "StartSyncExecution": {"stateMachineArn": express["stateMachineArn"]},
        "StopExecution": described,
        "TagResource": {"resourceArn": machine, "tags": []},
        "TestState": {"definition": json.dumps({"Type": "Pass", "End": True}), "roleArn": ROLE},
        "UntagResource": {"resourceArn": machine, "tagKeys": []},
        "UpdateMapRun": {"mapRunArn": run, "maxConcurrency": 1},
        "UpdateStateMachine": {"stateMachineArn": machine, "roleArn": ROLE},
        "UpdateStateMachineAlias": {"stateMachineAliasArn": alias, "description": "d"},
        "ValidateStateMachineDefinition": {"definition": PASS},
    }


def queues(server):
    """One good request for each operation of SQS, on queues made for it."""
    call = lambda operation, **request: server.good("sqs", operation, request)
    name = uuid.uuid4().hex
    queue = {"QueueUrl": call("CreateQueue", QueueName=name)["QueueUrl"]}
    arn = call("GetQueueAttributes", AttributeNames=["QueueArn"], **queue)["Attributes"]["QueueArn"]
    call("SendMessage", MessageBody="m", **queue)
    handle = call("ReceiveMessage", **queue)["Messages"][0]["ReceiptHandle"]
    receipt = {"ReceiptHandle": handle}
    return {
        "AddPermission": queue | {"Label": "l", "AWSAccountIds": ["000000000000"], "Actions": ["SendMessage"]},
        "CancelMessageMoveTask": {"TaskHandle": "AQ"},
        "ChangeMessageVisibility": queue | receipt | {"VisibilityTimeout": 30},
        "ChangeMessageVisibilityBatch": queue | {"Entries": [receipt | {"Id": "a", "VisibilityTimeout": 30}]},
        "CreateQueue": {"QueueName": name},
        "DeleteMessage": queue | receipt,
        "DeleteMessageBatch": queue | {"Entries": [receipt | {"Id": "a"}]},
        "DeleteQueue": queue,
        "GetQueueAttributes": queue,
        "GetQueueUrl": {"QueueName": name},
        "ListDeadLetterSourceQueues": queue,
        "ListMessageMoveTasks": {"SourceArn": arn},
        "ListQueueTags": queue,
        "ListQueues": {},
        "PurgeQueue": queue,
        "ReceiveMessage": queue,
        "RemovePermission": queue | {"Label": "l"},
        "SendMessage": queue | {"MessageBody": "m"},
        "SendMessageBatch": queue | {"Entries": [{"Id": "a", "MessageBody": "m"}]},
        "SetQueueAttributes": queue | {"Attributes": {"DelaySeconds": "0"}},
        "StartMessageMoveTask": {"SourceArn": arn},
        "TagQueue": queue | {"Tags": {"k": "v"}},
        "UntagQueue": queue | {"TagKeys": ["k"]},
    }


def filler(shape):
    """A value that a shape takes, for members that the good request leaves out."""
    least = shape.metadata.get("min", 0)
    kind = shape.type_name
    if shape.metadata.get("enum"):
        return shape.metadata["enum"][0]
    if kind == "string":
        return "a" * max(1, int(least))
    if kind in ("integer", "long", "float", "double"):
        return least
    if kind == "boolean":
        return False
    if kind == "list":
        return [filler(shape.member)]
    if kind == "map":
        return {filler(shape.key): filler(shape.value)}
    if kind == "structure":
        return {member: filler(shape.members[member]) for member in shape.required_members}
    return ""


def put(request, path, value):
    """The request with another value at a path, its parents made where they are missing."""
    request = copy.deepcopy(request)
    at = request
    for step, after in zip(path, path[1:]):
        if isinstance(at, list):
            while len(at) <= step:
                at.append({})
            at = at[step]
        else:
            at = at.setdefault(step, [] if isinstance(after, int) else {})
    last = path[-1]
    if value is None:
        at.pop(last, None)
    elif isinstance(at, list):
        at[last:] = [value]
    else:
        at[last] = value
    return request


def walk(shape, path=()):
    """Each member below a structure: its path, its shape, whether it is required. AWS's recursive shapes end by themselves."""
    if shape.type_name == "structure" and len(path) < 6:
        for name, member in shape.members.items():
            yield (*path, name), member, name in shape.required_members
            yield from walk(member, (*path, name))
    elif shape.type_name == "list" and len(path) < 6:
        yield (*path, 0), shape.member, False
        yield from walk(shape.member, (*path, 0))


def spelt(path):
    """A path as AWS writes it: `tags.1.member.key`."""
    return ".".join(f"{step + 1}.member" if isinstance(step, int) else step for step in path)


def text_of(shape, value, path, rule):
    """What AWS says of one failed constraint."""
    hidden = value is None or shape.metadata.get("sensitive") or shape.name in SECRET
    shown = "" if hidden else f" '{value}'"
    return f"1 validation error detected: Value{shown} at '{spelt(path)}' failed to satisfy constraint: {rule}"


def violations(shape, path, required):
    """Each constraint of a member: the value that violates it (None: the member is left out), and AWS's rule."""
    meta, kind = shape.metadata, shape.type_name
    if required:
        yield None, "Member must not be null"
    least, most = meta.get("min"), meta.get("max")
    if meta.get("enum"):
        order = SEEN_ORDER.get(shape.name, meta["enum"])
        yield "No-Such", f"Member must satisfy enum value set: [{', '.join(order)}]"
    elif kind == "string":
        if least:
            yield "a" * (int(least) - 1), f"Member must have length greater than or equal to {int(least)}"
        if most is not None:
            yield "a" * (int(most) + 1), f"Member must have length less than or equal to {int(most)}"
        if meta.get("pattern"):
            yield "ä ", f"Member must satisfy regular expression pattern: {meta['pattern']}"
    elif kind in ("integer", "long", "float"):
        if least is not None:
            yield int(least) - 1, f"Member must have value greater than or equal to {int(least)}"
        if most is not None:
            yield int(most) + 1, f"Member must have value less than or equal to {int(most)}"


def wrong_types(shape):
    """A value of another JSON type."""
    kind = shape.type_name
    if kind == "string":
        yield {"a": 1}
    elif kind in ("integer", "long", "float", "boolean"):
        yield {"a": 1}
        yield "a"
    elif kind in ("structure", "list", "map"):
        yield "a"


def complete(request, path, shape):
    """The request with what the parents of a path require, so that only one constraint fails."""
    at, parents = shape, []
    for index, step in enumerate(path[:-1]):
        at = at.member if isinstance(step, int) else at.members[step]
        parents.append((path[: index + 1], at))
    for parent, at in parents:
        if at.type_name == "structure":
            for name in at.required_members:
                where = (*parent, name)
                if reached(request, where) is None:
                    request = put(request, where, filler(at.members[name]))
    return request


def reached(request, path):
    for step in path:
        try:
            request = request[step]
        except (KeyError, IndexError, TypeError):
            return None
    return request


def differences(server, service, requests):
    """How many requests were sent, and each answer that is not AWS's."""
    model = botocore.session.get_session().get_service_model(service)
    sent, wrong = 0, []
    for operation in served(service):
        good = requests[operation]
        shape = model.operation_model(operation).input_shape
        for path, member, required in walk(shape):
            if service == "sqs" and path[-1] in ("StringListValues", "BinaryListValues"):
                continue  # reserved: AWS takes them and does nothing with them
            base = complete(good, path, shape)
            for value, rule in violations(member, path, required):
                if service == "sqs" and (value is not None or path == ("Entries",)):
                    continue  # SQS has its own words for these, and answers an absent list as an empty one
                status, answer = server.call(service, operation, put(base, path, value))
                sent += 1
                got = (answer.get("__type", "").split("#")[-1], answer.get("message", ""))
                if failed := answer.get("Failed"):
                    # Some members of an entry are missed when its turn comes, and cost that entry alone.
                    code = {"MissingParameter": "MissingRequiredParameterException"}
                    got = (code.get(failed[0]["Code"]), failed[0]["Message"])
                if service == "sqs":
                    missing = f"The request must contain the parameter {path[-1]}."
                    expected = ("MissingRequiredParameterException", missing)
                else:
                    expected = ("ValidationException", text_of(member, value, path, rule))
                if got != expected:
                    wrong.append((operation, spelt(path), str(value)[:60], expected, (status, *got)))
            for value in wrong_types(member):
                status, answer = server.call(service, operation, put(base, path, value))
                sent += 1
                got = answer.get("__type", "").split("#")[-1]
                if got != "SerializationException":
                    wrong.append((operation, spelt(path), str(value)[:60], "SerializationException", (status, answer)))
    return sent, wrong


def main(url):
    server = Server(url)
    failed = False
    for service, fixtures in (("stepfunctions", step_functions), ("sqs", queues)):
        sent, wrong = differences(server, service, fixtures(server))
        for operation, member, value, expected, got in wrong:
            print(f"{operation} {member} = {value}\n  AWS:  {expected}\n  here: {got}"[:900])
        print(f"{service}: {sent} violated constraints, {len(wrong)} answers differ")
        failed |= bool(wrong) or not sent
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
