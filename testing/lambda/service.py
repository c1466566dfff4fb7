"""Lambda as a function sees it: environments that are processes, the Runtime API, reserved concurrency, timeouts.

An environment is started when none is free, keeps its process between invocations, and is killed when it does not
answer by its deadline, or by `kill_one`, whenever the test likes. Nothing is frozen.
"""

import json
import os
import queue
import random
import signal
import subprocess
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Throttled(Exception):
    """As many invocations are under way as the function may have."""


class FunctionError(Exception):
    """The function failed, ran out of time or died."""


class Environment:
    """One process of the function."""

    def __init__(self, function):
        self.function = function
        self.next = queue.Queue()
        self.answers = {}
        self.waiting = {}
        self.begun, self.ready = time.time(), None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        variables = dict(os.environ)
        variables.update(function.variables)
        variables["AWS_LAMBDA_RUNTIME_API"] = f"127.0.0.1:{self.server.server_port}"
        variables |= {
            "AWS_LAMBDA_FUNCTION_NAME": function.name, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_LOG_GROUP_NAME": "log", "AWS_LAMBDA_LOG_STREAM_NAME": "log",
        }
        self.process = subprocess.Popen(
            [function.bootstrap], env=variables, stdout=subprocess.PIPE, stderr=function.errors, text=True
        )
        threading.Thread(target=self.read_log, daemon=True).start()

    def handler(environment):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                if environment.ready is None:
                    environment.ready = time.time()
                    environment.function.inits.append((environment.ready - environment.begun) * 1000)
                invocation = environment.next.get()
                body = json.dumps(invocation["event"]).encode()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", invocation["id"])
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int(invocation["deadline"] * 1000)))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", environment.function.arn)
                self.send_header("Lambda-Runtime-Trace-Id", "Root=1-00000000-000000000000000000000000;Sampled=0")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                try:
                    self.wfile.write(body)
                except OSError:
                    pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    body = self.read_chunks()
                parts = self.path.split("/")
                if parts[-2:] == ["init", "error"]:
                    environment.function.init_errors.append(body.decode(errors="replace"))
                else:
                    identity, kind = parts[-2], parts[-1]
                    environment.answers[identity] = (kind, body)
                    waiting = environment.waiting.get(identity)
                    if waiting:
                        waiting.set()
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def read_chunks(self):
                whole = b""
                while True:
                    size = int(self.rfile.readline().strip() or b"0", 16)
                    whole += self.rfile.read(size)
                    self.rfile.readline()
                    if size == 0:
                        return whole

        return Handler

    def read_log(self):
        for line in self.process.stdout:
            self.function.heard(line)

    def invoke(self, event):
        identity = str(uuid.uuid4())
        deadline = time.time() + self.function.timeout
        self.waiting[identity] = threading.Event()
        self.next.put({"id": identity, "event": event, "deadline": deadline})
        while not self.waiting[identity].wait(0.05):
            if self.process.poll() is not None:
                raise FunctionError(f"the environment ended with status {self.process.returncode}")
            if time.time() > deadline:
                self.kill()
                self.function.timeouts += 1
                raise FunctionError("time-out")
        kind, body = self.answers.pop(identity)
        self.waiting.pop(identity)
        if kind != "response":
            self.function.failures.append(body.decode(errors="replace"))
            raise FunctionError(body.decode(errors="replace"))
        return json.loads(body or b"null")

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        if self.alive():
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Function:
    """A function: at most `reserved` environments are busy at once."""

    def __init__(self, name, bootstrap, variables, reserved, timeout, errors):
        self.name, self.bootstrap, self.variables = name, bootstrap, variables
        self.reserved, self.timeout, self.errors = reserved, timeout, errors
        self.arn = f"arn:aws:lambda:us-east-1:123456789012:function:{name}"
        self.lock = threading.Lock()
        self.free, self.busy = [], []
        self.throttled = self.invocations = self.kills = self.cold_starts = self.timeouts = 0
        self.failures, self.init_errors, self.inits = [], [], []
        self.counts, self.waits, self.logged = {}, {}, []

    def invoke(self, event):
        with self.lock:
            if len(self.busy) >= self.reserved:
                self.throttled += 1
                raise Throttled()
            self.free = [environment for environment in self.free if environment.alive()]
            if self.free:
                environment = self.free.pop()
            else:
                environment = Environment(self)
                self.cold_starts += 1
            self.busy.append(environment)
            self.invocations += 1
        try:
            return environment.invoke(event)
        finally:
            with self.lock:
                self.busy.remove(environment)
                if environment.alive():
                    self.free.append(environment)

    def kill_one(self):
        """Sends SIGKILL to one busy environment. Returns whether there was one."""
        with self.lock:
            busy = [environment for environment in self.busy if environment.alive()]
            if not busy:
                return False
            random.choice(busy).kill()
            self.kills += 1
            return True

    def heard(self, line):
        """A line of the log: metrics are added up, the rest is kept."""
        try:
            event = json.loads(line)
        except ValueError:
            self.logged.append(line)
            return
        if "_aws" not in event:
            self.logged.append(line)
            return
        for metric in event["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
            name, value = metric["Name"], event[metric["Name"]]
            if isinstance(value, list):
                self.waits.setdefault(event["Priority"], []).extend(value)
            else:
                self.counts[name] = self.counts.get(name, 0) + value

    def stop(self):
        for environment in self.free + self.busy:
            environment.kill()
            environment.server.shutdown()
