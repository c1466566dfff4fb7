#!/usr/bin/env python3
"""One suite of the worker's adapters against three servers: `rampmeter serve` (SQS, Step Functions), moto's server (all of
it), and one that replays recorded responses of AWS (SQS, Step Functions; `recordings.py`). Starts them, makes what the tests
need, runs the tests named `adapters::`, and fails unless the expected number of them ran and passed.

    adapters.py --rampmeter target/debug/rampmeter -- cargo test --workspace --bin bootstrap --locked
"""

import argparse
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from recordings import BESIDE, Server
from servers import Processes, client, start_moto, start_serve

RECORDINGS = pathlib.Path(os.environ.get("RAMPMETER_RECORDINGS", BESIDE))

# What each server has of it, and the tests of that. moto's Step Functions know a dead token by an error of their own, so
# what follows from one is asked of `rampmeter serve` alone; and moto 5.2 starts one execution that runs, then no other.
QUEUES = ("a_queue_gives_hides_and_forgets_messages", "a_dead_letter_says_why")
TASKS = ("a_task_that_was_told_its_success_waits_no_more", "a_task_that_was_told_its_failure_fails_with_error_and_cause")
SUITES = {
    "rampmeter serve": (("sqs", "states", "dead-tokens"), (*QUEUES, *TASKS, "what_is_no_token_waits_for_nothing")),
    # Recorded responses of AWS. DynamoDB, Secrets Manager, the Parameter Store, Lambda and Scheduler were not recorded.
    "recordings of AWS": (("sqs", "states", "dead-tokens", "recordings"), (
        *QUEUES, *TASKS, "what_is_no_token_waits_for_nothing", "every_recorded_answer_is_read_as_it_was_meant",
    )),
    "moto, another": (("sqs", "states"), TASKS[1:]),
    "moto": (("sqs", "states", "table", "secrets", "mappings"), (
        *QUEUES, *TASKS[:1], "the_shared_item_is_written_only_over_the_version_that_was_read",
        "what_is_remembered_of_a_call_is_recalled", "secrets_come_from_secrets_manager_and_from_the_parameter_store",
        "a_worker_sleeps_behind_a_schedule_and_wakes_again",
    )),
}


def prepare_moto(url):
    """The table, the secrets, and a function with two mappings."""
    request = urllib.request.Request(
        f"{url}/moto-api/config", json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode(),
        {"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request).read()
    client("dynamodb", url).create_table(
        TableName="limits", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    client("secretsmanager", url).create_secret(Name="adapters/token", SecretString="from the manager")
    client("ssm", url).put_parameter(Name="/adapters/token", Value="from the store", Type="SecureString")
    make_function(url, "adapters-worker", ("adapters-one", "adapters-two"))


def make_function(url, name, queues):
    role = client("iam", url).create_role(
        RoleName=f"{name}-role", AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                    "Principal": {"Service": "lambda.amazonaws.com"}}]}),
    )["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("bootstrap", "#!/bin/sh\n")
    functions, sqs = client("lambda", url), client("sqs", url)
    functions.create_function(
        FunctionName=name, Runtime="provided.al2023", Role=role, Handler="bootstrap",
        Code={"ZipFile": archive.getvalue()},
    )
    for queue in queues:
        address = sqs.create_queue(QueueName=queue)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        functions.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=1)


def run(command, url, parts, tests):
    """Runs tests against a server. Returns whether each ran and passed, and how many did; else what they printed."""
    variables = {
        **os.environ, "RAMPMETER_TEST_ADAPTERS": ",".join(parts), "RAMPMETER_TEST_TABLE": "limits",
        "RAMPMETER_TEST_FUNCTION": "adapters-worker", "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "RUST_BACKTRACE": "0",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }
    names = [f"adapters::{test}" for test in tests]
    command = [*command, "--", "--exact", "--nocapture", "--test-threads", "1", *names]
    ran = subprocess.run(command, env=variables, capture_output=True, text=True)
    text = ran.stdout + ran.stderr
    passed = sum(int(count) for count in re.findall(r"test result: ok\. (\d+) passed", text))
    skipped = len(re.findall("^skipped: no server", text, re.M))
    if ran.returncode or skipped or passed != len(tests):
        return False, text
    return True, f"{passed} of {len(tests)} tests pass"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rampmeter", required=True)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    processes, failed = Processes(), []
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        log = open(work / "log", "w")
        try:
            for server, (parts, tests) in SUITES.items():
                recordings = None
                if server.startswith("moto"):
                    url = start_moto(processes, work, log)
                    prepare_moto(url)
                elif server == "rampmeter serve":
                    url = start_serve(processes, arguments.rampmeter, work, "", log)
                else:
                    recordings = Server(RECORDINGS)
                    url = recordings.url
                held, text = run(arguments.command, url, parts, tests)
                print(f"adapters, {server}: {text if held else 'BROKEN'}")
                if recordings:
                    held = held and not recordings.faults
                    print(f"  {recordings.said()}", *recordings.faults, sep="\n  ")
                if not held:
                    failed.append(server)
                    print(text[-6000:])
            planted = Server(RECORDINGS, planted=True)
            held, _ = run(arguments.command, planted.url, ("recordings",), SUITES["recordings of AWS"][1][-1:])
            print(f"adapters, recordings with a planted fault: {'not noticed' if held else 'noticed'}")
            if held:
                failed.append("planted")
        finally:
            processes.stop()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
