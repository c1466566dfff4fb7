"""A proxy between the worker and an AWS service that goes wrong on purpose, by operation and at random.

refuse   the request is answered 500 and goes nowhere
drop     the request is made and its answer replaced by 500: a write that was made looks as if it was not
lose     a conditional write is answered as if somebody else had been first
busy     the request is answered 409, as if what it changes were being changed
shorten  a message that is received is hidden for 2 s only, so that it is delivered again while its call runs
"""

import http.client
import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Faults:
    def __init__(self, upstream, chances):
        self.upstream, self.chances, self.counts = urlsplit(upstream), chances, {}
        self.requests = {}
        self.local = threading.local()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def happens(self, operation, fault):
        if random.random() >= self.chances.get((operation, fault), 0):
            return False
        key = f"{operation} {fault}"
        self.counts[key] = self.counts.get(key, 0) + 1
        return True

    def forward(self, method, path, headers, body):
        for attempt in range(2):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=30)
                self.local.connection = connection
            try:
                connection.request(method, path, body, headers)
                response = connection.getresponse()
                return response.status, response.getheaders(), response.read()
            except (http.client.HTTPException, OSError):
                connection.close()
                self.local.connection = None
                if attempt:
                    raise

    def handler(faults):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                self.relay(self.headers.get("X-Amz-Target", "").split(".")[-1])

            def do_PUT(self):
                self.relay("UpdateEventSourceMapping" if "/event-source-mappings/" in self.path else "PUT")

            def do_GET(self):
                self.relay("GET")

            def relay(self, operation):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                faults.requests[operation] = faults.requests.get(operation, 0) + 1
                if faults.happens(operation, "refuse"):
                    return self.answer(500, [], b'{"__type":"InternalServerError","message":"refused on purpose"}')
                if faults.happens(operation, "busy"):
                    kind = [("x-amzn-errortype", "ResourceInUseException")]
                    return self.answer(409, kind, b'{"Type":"User","message":"busy on purpose"}')
                if faults.happens(operation, "lose"):
                    kind = "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"
                    return self.answer(400, [], json.dumps({"__type": kind, "message": "lost on purpose"}).encode())
                if operation == "ReceiveMessage" and faults.happens(operation, "shorten"):
                    request = json.loads(body)
                    request["VisibilityTimeout"] = 2
                    body = json.dumps(request).encode()
                kept = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length")}
                kept["Host"] = faults.upstream.netloc
                try:
                    status, headers, answer = faults.forward(self.command, self.path, kept, body)
                except (http.client.HTTPException, OSError):
                    return self.answer(500, [], b"{}")
                if status == 200 and faults.happens(operation, "drop"):
                    return self.answer(500, [], b'{"__type":"InternalServerError","message":"dropped on purpose"}')
                self.answer(status, headers, answer)

            def answer(self, status, headers, body):
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler

    def stop(self):
        self.server.shutdown()
