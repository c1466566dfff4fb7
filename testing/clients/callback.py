"""boto3: a queue, a state machine, a callback through the queue, the history. Also as it was when SQS spoke XML."""

import json
import os
import pathlib

import boto3

name = os.environ["RUN_NAME"]
endpoint = os.environ["AWS_ENDPOINT_URL"]
sts, sqs, states = (boto3.client(service, endpoint_url=endpoint) for service in ("sts", "sqs", "stepfunctions"))

account = sts.get_caller_identity()["Account"]
queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "30"}, tags={"team": "sales"})["QueueUrl"]
assert sqs.get_queue_url(QueueName=name)["QueueUrl"] == queue
assert queue in sqs.list_queues(QueueNamePrefix=name)["QueueUrls"]
assert sqs.list_queue_tags(QueueUrl=queue)["Tags"] == {"team": "sales"}
assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]["VisibilityTimeout"] == "30"

# The client compares the digests of what it sent and received by itself.
entries = [
    {"Id": str(n), "MessageBody": f"{n} <&>\r\né 😀", "MessageAttributes": {
        "text": {"DataType": "String", "StringValue": "acme"}, "blob": {"DataType": "Binary", "BinaryValue": b"\x00\x01\xff"}}}
    for n in range(3)
]
assert len(sqs.send_message_batch(QueueUrl=queue, Entries=entries)["Successful"]) == 3
received = []
while len(received) < 3:
    answer = sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=20, AttributeNames=["All"], MessageAttributeNames=["All"])
    received += answer.get("Messages", [])
assert sorted(m["Body"] for m in received) == [e["MessageBody"] for e in entries]
assert all(m["MessageAttributes"]["blob"]["BinaryValue"] == b"\x00\x01\xff" for m in received)
sqs.delete_message_batch(
    QueueUrl=queue, Entries=[{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(received)])
try:
    sqs.get_queue_url(QueueName=name + "-none")
    raise SystemExit("a queue that is not there was found")
except sqs.exceptions.QueueDoesNotExist:
    pass

definition = pathlib.Path(__file__).with_name("machine.json").read_text().replace("QUEUE_URL", queue)
machine = states.create_state_machine(
    name=name, definition=definition, roleArn=f"arn:aws:iam::{account}:role/none")["stateMachineArn"]
execution = states.start_execution(stateMachineArn=machine, input=json.dumps({"order": "SO-1042"}))["executionArn"]
message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"][0]
call = json.loads(message["Body"])
assert call["Order"] == "SO-1042"
states.send_task_heartbeat(taskToken=call["TaskToken"])
states.send_task_success(taskToken=call["TaskToken"], output=json.dumps({"booked": True}))
sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
found = states.describe_execution(executionArn=execution)
assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"booked": True}), found
events = states.get_execution_history(executionArn=execution)["events"]
assert [e["type"] for e in events] == [
    "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded",
    "TaskStateExited", "ExecutionSucceeded"], events
states.delete_state_machine(stateMachineArn=machine)
sqs.delete_queue(QueueUrl=queue)
print(f"boto3 {boto3.__version__}: {len(events)} events")
