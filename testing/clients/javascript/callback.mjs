// The AWS SDK for JavaScript, version 3: a queue, a state machine, a callback through the queue, the history.
import assert from "node:assert/strict";
import { SFN } from "@aws-sdk/client-sfn";
import { SQS } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";

const name = process.env.RUN_NAME;
const place = { endpoint: process.env.AWS_ENDPOINT_URL, region: process.env.AWS_REGION };
const [sts, sqs, sfn] = [new STS(place), new SQS(place), new SFN(place)];

const { Account: account } = await sts.getCallerIdentity({});
const { QueueUrl: queue } = await sqs.createQueue({ QueueName: name });
const definition = JSON.stringify({
  StartAt: "Ask",
  States: {
    Ask: {
      Type: "Task",
      Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      Parameters: { QueueUrl: queue, MessageBody: { "TaskToken.$": "$$.Task.Token", "Order.$": "$.order" } },
      TimeoutSeconds: 600,
      End: true,
    },
  },
});
const { stateMachineArn: machine } = await sfn.createStateMachine({
  name, definition, roleArn: `arn:aws:iam::${account}:role/none`,
});
const { executionArn } = await sfn.startExecution({ stateMachineArn: machine, input: JSON.stringify({ order: "SO-1042" }) });
const { Messages: [message] } = await sqs.receiveMessage({ QueueUrl: queue, WaitTimeSeconds: 20 });
const call = JSON.parse(message.Body);
assert.equal(call.Order, "SO-1042");
await sfn.sendTaskSuccess({ taskToken: call.TaskToken, output: JSON.stringify({ booked: true }) });
await sqs.deleteMessage({ QueueUrl: queue, ReceiptHandle: message.ReceiptHandle });
const found = await sfn.describeExecution({ executionArn });
assert.equal(found.status, "SUCCEEDED");
const { events } = await sfn.getExecutionHistory({ executionArn });
assert.equal(events.length, 8);
assert.ok(events[0].timestamp instanceof Date);
await assert.rejects(sqs.getQueueUrl({ QueueName: `${name}-none` }), { name: "QueueDoesNotExist" });
await sfn.deleteStateMachine({ stateMachineArn: machine });
await sqs.deleteQueue({ QueueUrl: queue });
console.log(`JavaScript SDK: ${events.length} events`);
