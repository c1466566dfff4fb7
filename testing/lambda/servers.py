"""The servers that stand for AWS in these tests, and clients of them: `rampmeter serve` and moto's server."""

import json
import os
import subprocess
import sys
import time

import boto3
from botocore.config import Config


class Processes:
    def __init__(self):
        self.all = []

    def start(self, command, **more):
        process = subprocess.Popen(command, **more)
        self.all.append(process)
        return process

    def stop(self):
        for process in reversed(self.all):
            process.terminate()
        for process in self.all:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def client(service, url):
    config = Config(retries={"max_attempts": 10}, max_pool_connections=64, read_timeout=30)
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test",
        config=config,
    )


def hide_for(sqs, queue_url, seconds):
    """Sets the queue's own visibility timeout, as the template does: as long as its function may run."""
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"VisibilityTimeout": str(seconds)})


def wait_for(what, seconds, condition):
    end = time.time() + seconds
    while time.time() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise SystemExit(f"{what} did not come within {seconds} s")


def start_serve(processes, rampmeter, work, configuration, log, **variables):
    """Starts `rampmeter serve` with this configuration; returns the URL of its AWS port."""
    file, ready = work / "rampmeter.toml", work / "ready.json"
    if configuration:
        file.write_text(configuration)
    command = [rampmeter, "serve", "--data-dir", str(work / "data"), "--ready-file", str(ready)]
    command += ["--config", str(file)] if configuration else ["--port", "0", "--admin-port", "0"]
    processes.start(command, env={**os.environ, **variables}, stdout=log, stderr=log, cwd=work)
    wait_for("rampmeter serve", 60, lambda: ready.exists() and ready.stat().st_size)
    return json.loads(ready.read_text())["aws_url"]


# Its Step Functions send messages to its own SQS, which they find by this variable alone: the port is chosen before.
MOTO = """
import os, socket, sys, time
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
os.environ["MOTO_PORT"] = str(port)
from moto.server import ThreadedMotoServer
ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False).start()
open(sys.argv[1], "w").write(f"http://127.0.0.1:{port}")
time.sleep(1e6)
"""


def start_moto(processes, work, log):
    """Starts moto's server; returns its URL."""
    file = work / "moto.txt"
    file.unlink(missing_ok=True)
    processes.start([sys.executable, "-c", MOTO, str(file)], stdout=log, stderr=log)
    wait_for("moto", 60, lambda: file.exists() and file.stat().st_size)
    return file.read_text()
