#!/usr/bin/env python3
"""Runs the state machine that starts executions from a `source`, on rampmeter serve, with what a pipe passes to it.

A message starts an execution that is named by its id and has its body as input; handed over again it starts nothing and
succeeds all the same, while the execution runs and after its end; a body that is not JSON is put aside at once.

Usage: source.py RAMPMETER     Needs: boto3.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import boto3

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIGURATION = ROOT / "testing/aws/everything/rampmeter.toml"
ROLE = "arn:aws:iam::000000000000:role/any"


def starter(rampmeter):
    command = [rampmeter, "aws", "synth", "--config", str(CONFIGURATION), "--emit", "cfn", "--notation", "json"]
    template = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return template["Resources"]["OrderStarter"]["Properties"]["DefinitionString"]


def client(rampmeter, folder):
    ready = pathlib.Path(folder) / "ready.json"
    server = subprocess.Popen([
        rampmeter, "serve", "--data-dir", f"{folder}/data", "--port", "0", "--admin-port", "0", "--ready-file", str(ready),
    ], stderr=subprocess.DEVNULL, cwd=folder)
    while not ready.exists() or not ready.read_text():
        if server.poll() is not None:
            raise SystemExit("the server did not start")
        time.sleep(0.1)
    endpoint = json.loads(ready.read_text())["aws_url"]
    states = boto3.client(
        "stepfunctions", region_name="us-east-1", endpoint_url=endpoint,
        aws_access_key_id="test", aws_secret_access_key="test",
        config=boto3.session.Config(inject_host_prefix=False),
    )
    sqs = boto3.client(
        "sqs", region_name="us-east-1", endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test",
    )
    return server, states, sqs


def main():
    rampmeter = str(pathlib.Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as folder:
        server, states, sqs = client(rampmeter, folder)
        try:
            judge(states, sqs, starter(rampmeter))
        finally:
            server.terminate()
            server.wait()
    print("a source starts one execution for each message: 6 deliveries, 2 executions, one message aside")


def judge(states, sqs, definition):
    waits = json.dumps({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 1, "End": True}}})
    workflow = states.create_state_machine(name="order", definition=waits, roleArn=ROLE)["stateMachineArn"]
    aside = sqs.create_queue(QueueName="orders-unstarted.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    for name, value in (("Workflow", workflow), ("Unstarted", aside), ("Partition", "aws")):
        definition = definition.replace("${%s}" % name, value)
    machine = states.create_state_machine(name="order-starter", definition=definition, roleArn=ROLE, type="EXPRESS")

    def deliver(message_id, body):
        # What a pipe passes on: a list of the one message of its batch.
        message = {"messageId": message_id, "receiptHandle": "r", "body": body, "attributes": {"ApproximateReceiveCount": "1", "MessageGroupId": "any"}}
        done = states.start_sync_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps([message]))
        return done["status"], done.get("error")

    def executions():
        found = states.list_executions(stateMachineArn=workflow)["executions"]
        return {execution["name"]: execution["status"] for execution in found}

    one, other = "11111111-aaaa-4bbb-8ccc-000000000001", "11111111-aaaa-4bbb-8ccc-000000000002"
    body = '{"order": 7,  "priority": "high"}'
    assert deliver(one, body) == ("SUCCEEDED", None)
    # Again while it runs, then after its end: with the same input AWS answers with the running one, later with an error.
    assert deliver(one, body) == ("SUCCEEDED", None)
    while executions()[one] == "RUNNING":
        time.sleep(0.1)
    assert deliver(one, body) == ("SUCCEEDED", None)
    assert deliver(other, "{}") == ("SUCCEEDED", None)
    bad = "11111111-aaaa-4bbb-8ccc-000000000003"
    # Twice, as a pipe may deliver it: it is put aside once.
    assert deliver(bad, "no JSON") == ("SUCCEEDED", None)
    assert deliver(bad, "no JSON") == ("SUCCEEDED", None)
    found = sqs.receive_message(QueueUrl=aside, MaxNumberOfMessages=10, MessageAttributeNames=["All"])["Messages"]
    assert [message["Body"] for message in found] == ["no JSON"], found
    assert found[0]["MessageAttributes"]["MessageId"]["StringValue"] == bad, found
    assert set(executions()) == {one, other}, executions()
    arn = next(e["executionArn"] for e in states.list_executions(stateMachineArn=workflow)["executions"] if e["name"] == one)
    assert states.describe_execution(executionArn=arn)["input"] == body


if __name__ == "__main__":
    main()
