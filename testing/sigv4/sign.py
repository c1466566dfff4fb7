#!/usr/bin/env python3
"""Signs requests with botocore's own signer and prints them as the JSON that the tests of `sigv4` read.

    python3 sign.py > botocore.json

Needs botocore. The time is fixed, so that the file is the same each time it is made.
"""

import datetime
import json
import sys
from unittest import mock

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

NOW = datetime.datetime(2026, 3, 1, 10, 20, 30, tzinfo=datetime.timezone.utc)
KEY, SECRET, REGION = "RMEXAMPLEKEY00001", "a secret/with+every=sign~of-the_keyboard.", "eu-west-1"

JSON = {"Content-Type": "application/x-amz-json-1.0"}
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

# Name, service, signer, method, URL, headers, body.
REQUESTS = [
    ("json", "sqs", "header", "POST", "http://localhost:4566/", {**JSON, "X-Amz-Target": "AmazonSQS.ListQueues"}, "{}"),
    ("json of step functions", "states", "header", "POST", "http://127.0.0.1:4566/",
     {**JSON, "X-Amz-Target": "AWSStepFunctions.ListStateMachines"}, '{"maxResults": 10}'),
    ("text outside ASCII", "sqs", "header", "POST", "http://localhost:4566/",
     {**JSON, "X-Amz-Target": "AmazonSQS.SendMessage"}, '{"MessageBody": "é 😀"}'),
    ("form", "sqs", "header", "POST", "http://localhost:4566/", FORM, "Action=ListQueues&Version=2012-11-05"),
    ("queue path", "sqs", "header", "POST", "http://localhost:4566/000000000000/orders.fifo", FORM,
     "Action=SendMessage&MessageBody=a%20b"),
    ("sts", "sts", "header", "POST", "https://sts.example.com/", FORM, "Action=GetCallerIdentity&Version=2011-06-15"),
    ("spaces in headers", "sqs", "header", "POST", "http://localhost:4566/",
     {**JSON, "X-Amz-Target": "AmazonSQS.ListQueues", "X-Amz-Meta-Note": "  two  spaces   here "}, "{}"),
    ("no body", "sqs", "header", "GET", "http://localhost:4566/?Action=ListQueues&QueueNamePrefix=a%20b", {}, ""),
    ("many parameters", "sqs", "header", "GET",
     "http://localhost:4566/000000000000/q?Action=ReceiveMessage&AttributeName.10=b&AttributeName.1=a&z=&a=%2B%2F%3D~", {}, ""),
    ("presigned", "sqs", "query", "GET", "http://localhost:4566/000000000000/q?Action=ReceiveMessage&WaitTimeSeconds=5", {}, ""),
    ("presigned post", "sqs", "query", "POST", "http://localhost:4566/000000000000/q", FORM, ""),
]


def signed(name, service, kind, method, url, headers, body):
    signer = {"header": botocore.auth.SigV4Auth, "query": botocore.auth.SigV4QueryAuth}[kind]
    request = AWSRequest(method=method, url=url, headers=headers, data=body.encode())
    with mock.patch("botocore.auth.get_current_datetime", lambda *_, **__: NOW):
        signer(Credentials(KEY, SECRET), service, REGION).add_auth(request)
    address, _, query = request.url.partition("?")
    host = address.split("/")[2]
    path = "/" + address.split("/", 3)[3]
    sent = [["host", host]] + [[k.lower(), v.decode() if isinstance(v, bytes) else v] for k, v in request.headers.items()]
    return {"name": name, "service": service, "method": method, "path": path, "query": query, "headers": sent, "body": body}


document = {
    "access_key_id": KEY, "secret": SECRET, "region": REGION, "now": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "requests": [signed(*request) for request in REQUESTS],
}
json.dump(document, sys.stdout, indent=1)
print()
