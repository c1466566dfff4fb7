"""The shapes of services' responses, for TestState: crates/asl/src/test_state/shape/answers.txt, from botocore's models.

    python3 testing/model/answers.py > crates/asl/src/test_state/shape/answers.txt

AWS compares the mock of a task with the shape of the service's answer. The file holds those shapes for the services
that workflows call most: each operation with its members, named as Step Functions names them, and which of them the
service always sends. `crates/asl/src/test_state/shape/model.rs` says how the file is read.
"""

import botocore.session

# How the ARNs of integrations spell a service, and its name in botocore.
SERVICES = {
    "athena aws-sdk:athena": "athena",
    "aws-sdk:lambda": "lambda",
    "aws-sdk:s3": "s3",
    "aws-sdk:secretsmanager": "secretsmanager",
    "aws-sdk:ssm": "ssm",
    "batch aws-sdk:batch": "batch",
    "codebuild aws-sdk:codebuild": "codebuild",
    "dynamodb aws-sdk:dynamodb": "dynamodb",
    "ecs aws-sdk:ecs": "ecs",
    "events aws-sdk:eventbridge": "events",
    "glue aws-sdk:glue": "glue",
    "sns aws-sdk:sns": "sns",
    "sqs aws-sdk:sqs": "sqs",
    "states aws-sdk:sfn": "stepfunctions",
}

# Integrations whose answer is not that of an SDK: the payload of a function is what the function returned, an HTTP task
# has an answer of its own, and of an execution that was awaited the output is JSON or a text, by the version of `.sync`.
OF_THEIR_OWN = """\
service http
answer invoke Headers={any} ResponseBody=any StatusCode=number StatusText=text
service states.sync
answer startExecution ExecutionArn!=text StateMachineArn!=text Name=text Status!=text StartDate!=text StopDate=text Input=any Output=any Error=text Cause=text
service lambda
answer invoke StatusCode=number FunctionError=text LogResult=text Payload=any ExecutedVersion=text\
"""

# Of large services only what workflows call.
ONLY = {
    "athena": "StartQueryExecution StopQueryExecution GetQueryExecution GetQueryResults",
    "batch": "SubmitJob DescribeJobs TerminateJob",
    "codebuild": "StartBuild StopBuild BatchGetBuilds",
    "ecs": "RunTask StopTask DescribeTasks",
    "events": "PutEvents",
    "glue": "StartJobRun GetJobRun StartCrawler GetCrawler",
    "lambda": "Invoke",
    "s3": "GetObject PutObject CopyObject DeleteObject HeadObject ListObjectsV2 ListBuckets",
    "secretsmanager": "GetSecretValue DescribeSecret PutSecretValue ListSecrets",
    "sns": "Publish PublishBatch",
    "ssm": "GetParameter GetParameters GetParametersByPath PutParameter",
}


def spelt(name):
    """A member as Step Functions spells it."""
    return name[:1].upper() + name[1:]


class Shapes:
    def __init__(self):
        self.lines = {}

    def name(self, shape):
        """The word for a shape: a kind of its own, or the name of one that is written out."""
        kind = shape.type_name
        if getattr(shape, "is_document_type", False):
            return "any"
        if kind == "string" and shape.metadata.get("enum"):
            return self.written(shape, lambda: "enum " + " ".join(shape.metadata["enum"]))
        if kind in ("string", "timestamp", "blob", "character"):
            return "text"
        if kind in ("integer", "long", "float", "double", "short", "bigdecimal", "biginteger"):
            return "number"
        if kind == "boolean":
            return "boolean"
        if kind == "list":
            return "[" + self.name(shape.member) + "]"
        if kind == "map":
            return "{" + self.name(shape.value) + "}"
        return self.written(shape, lambda: "members " + self.members(shape))

    def written(self, shape, line):
        if shape.name not in self.lines:
            self.lines[shape.name] = ""  # a shape may hold itself
            self.lines[shape.name] = line()
        return shape.name

    def members(self, shape):
        mark = lambda name: "!" if name in shape.required_members else ""
        pairs = (f"{spelt(name)}{mark(name)}={self.name(member)}" for name, member in shape.members.items())
        return " ".join(pairs)


def main():
    session = botocore.session.get_session()
    print("# Written by testing/model/answers.py. Do not edit.")
    print(OF_THEIR_OWN)
    for service, botocore_name in SERVICES.items():
        model = session.get_service_model(botocore_name)
        shapes = Shapes()
        wanted = ONLY.get(botocore_name, " ".join(model.operation_names)).split()
        operations = []
        for operation in wanted:
            output = model.operation_model(operation).output_shape
            # Where the service returns nothing there is nothing to compare.
            if output is not None and output.members:
                members = shapes.members(output)
                operations.append(f"answer {operation[:1].lower()}{operation[1:]} {members}")
        print(f"service {service}")
        for name, line in sorted(shapes.lines.items()):
            print(f"shape {name} {line}".rstrip())
        for line in operations:
            print(line)


if __name__ == "__main__":
    main()
