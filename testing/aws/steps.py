#!/usr/bin/env python3
"""Runs the commands that `rampmeter aws synth --emit cfn` prints, word for word, with the aws CLI against moto: the secrets, the
archives, the upload, the stack. Only FILE, the bucket and an empty archive of the worker are put in, as a user would.

Usage: steps.py RAMPMETER     Needs: aws, zip, moto[server], boto3.
"""

import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import boto3
from moto.server import ThreadedMotoServer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REGION = "eu-west-1"


def printed(told):
    """The commands: every line after `Next:` that is neither a comment nor a warning."""
    lines = told.split("\nNext:\n", 1)[1].splitlines()
    return [line for line in lines if line and not line.startswith(("#", "warning:"))]


def main():
    for tool in ("aws", "zip"):
        if not shutil.which(tool):
            raise SystemExit(f"{tool} is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("moto").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="moto")
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    # A template beyond 51,200 bytes goes through the bucket, and moto finds it there by this name only.
    endpoint = f"http://localhost:{server.get_host_and_port()[1]}"
    rampmeter = str(pathlib.Path(sys.argv[1]).resolve())
    settings = {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
    }
    client = lambda service: boto3.client(
        service, region_name=REGION, endpoint_url=endpoint, aws_access_key_id="test", aws_secret_access_key="test",
    )
    client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "FILE").write_text("a token\n")
        (folder / "rampmeter-worker-arm64.zip").write_bytes(b"PK\x05\x06" + bytes(18))
        configuration = ROOT / "examples/order-sync/rampmeter.toml"
        command = [rampmeter, "aws", "synth", "--config", str(configuration), "--emit", "cfn", "--out", "build"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={**os.environ, **settings})
        assert done.returncode == 0, done.stderr
        assert "warning: AWS_ENDPOINT_URL is" in done.stderr, "these commands would go to this machine, and nobody said so"
        commands = printed(done.stderr)
        script = "set -euo pipefail\n" + "\n".join(commands)
        done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True,
                              env={**os.environ, **settings, "BUCKET": "code"})
        if done.returncode:
            raise SystemExit(f"{script}\n{done.stdout}{done.stderr}")
    stack = client("cloudformation").describe_stacks(StackName="order-sync")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE", stack["StackStatus"]
    secret = client("secretsmanager").get_secret_value(SecretId="order-sync/netsuite-token")["SecretString"]
    assert secret == "a token\n", secret
    keys = [item["Key"] for item in client("s3").list_objects_v2(Bucket="code")["Contents"]]
    assert sorted(key.rsplit(".", 1)[1] for key in keys) == ["template", "zip", "zip"], keys
    machines = client("stepfunctions").list_state_machines()["stateMachines"]
    assert [machine["name"] for machine in machines] == ["order-sync"], machines
    server.stop()
    print(f"the printed steps lead to a stack: {len(commands)} commands")


if __name__ == "__main__":
    main()
