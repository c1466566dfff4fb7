"""Event source mappings: pollers of one queue that invoke a function with one message each.

As AWS's, they hide a message for the queue's own visibility timeout, delete what the function does not report as failed, leave
what it fails or dies on until its visibility ends, and when the function is throttled try again until then. `pollers` above the share of a mapping in the reserved
concurrency is what AWS calls overpull. A part of the messages is delivered twice at once.
"""

import random
import threading
import time

from service import FunctionError, Throttled


class Mapping:
    def __init__(self, sqs, queue_url, queue_arn, function, pollers, duplicates=0.0):
        self.sqs, self.queue_url, self.queue_arn, self.function = sqs, queue_url, queue_arn, function
        attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        self.visibility, self.duplicates = int(attributes["VisibilityTimeout"]), duplicates
        if self.visibility < function.timeout:
            # As AWS demands when the mapping is made.
            raise ValueError(f"Queue visibility timeout: {self.visibility} seconds is less than Function timeout: {function.timeout} seconds")
        self.enabled, self.ended = threading.Event(), threading.Event()
        self.enabled.set()
        self.delivered_twice = self.function_errors = 0
        self.threads = [threading.Thread(target=self.poll, daemon=True) for _ in range(pollers)]
        for thread in self.threads:
            thread.start()

    def poll(self):
        while not self.ended.is_set():
            if not self.enabled.wait(0.2):
                continue
            try:
                reply = self.sqs.receive_message(
                    QueueUrl=self.queue_url, MaxNumberOfMessages=1, WaitTimeSeconds=1,
                    MessageSystemAttributeNames=["All"],
                )
            except Exception:
                time.sleep(0.2)
                continue
            for message in reply.get("Messages", []):
                if random.random() < self.duplicates:
                    self.delivered_twice += 1
                    threading.Thread(target=self.deliver, args=(message,), daemon=True).start()
                self.deliver(message)

    def deliver(self, message):
        event = {"Records": [{
            "messageId": message["MessageId"], "receiptHandle": message["ReceiptHandle"], "body": message["Body"],
            "attributes": message.get("Attributes", {}), "messageAttributes": {}, "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs", "eventSourceARN": self.queue_arn, "awsRegion": "us-east-1",
        }]}
        until = time.time() + self.visibility
        while time.time() < until and not self.ended.is_set():
            try:
                reply = self.function.invoke(event) or {}
            except Throttled:
                time.sleep(random.uniform(0.2, 0.6))
                continue
            except FunctionError:
                self.function_errors += 1
                return
            failed = {failure["itemIdentifier"] for failure in reply.get("batchItemFailures") or []}
            if message["MessageId"] not in failed:
                try:
                    self.sqs.delete_message(QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"])
                except Exception:
                    pass
            return

    def stop(self):
        self.ended.set()
