# The aws CLI, version 1: a queue, a state machine, a callback through the queue, the history.
set -euo pipefail
here=$(dirname "$0")
aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" --output text "$@"; }

account=$(aws sts get-caller-identity --query Account)
queue=$(aws sqs create-queue --queue-name "$RUN_NAME" --query QueueUrl)
aws sqs send-message --queue-url "$queue" --message-body hello --query MD5OfMessageBody |
    grep -qx 5d41402abc4b2a76b9719d911017c592
aws sqs purge-queue --queue-url "$queue"
definition=$(sed "s|QUEUE_URL|$queue|" "$here/machine.json")
machine=$(aws stepfunctions create-state-machine --name "$RUN_NAME" --definition "$definition" \
    --role-arn "arn:aws:iam::$account:role/none" --query stateMachineArn)
execution=$(aws stepfunctions start-execution --state-machine-arn "$machine" --input '{"order":"SO-1042"}' --query executionArn)
message=$(command aws --endpoint-url "$AWS_ENDPOINT_URL" --output json sqs receive-message --queue-url "$queue" --wait-time-seconds 20)
field() { python3 -c "import json, sys; m = json.load(sys.stdin)['Messages'][0]; print($1)" <<<"$message"; }
aws stepfunctions send-task-success --task-token "$(field 'json.loads(m["Body"])["TaskToken"]')" --task-output '{"booked":true}'
aws sqs delete-message --queue-url "$queue" --receipt-handle "$(field 'm["ReceiptHandle"]')"
[ "$(aws stepfunctions describe-execution --execution-arn "$execution" --query status)" = SUCCEEDED ]
events=$(aws stepfunctions get-execution-history --execution-arn "$execution" --query 'length(events)')
[ "$events" = 8 ]
aws stepfunctions delete-state-machine --state-machine-arn "$machine"
aws sqs delete-queue --queue-url "$queue"
echo "$(command aws --version 2>&1 | cut -d' ' -f1): $events events"
