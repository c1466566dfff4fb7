#!/usr/bin/env python3
"""Judges the templates of `rampmeter aws synth` with AWS's own tools, for every example and fixture.

Each configuration is synthesised for SAM and for CloudFormation, in YAML and in JSON. Then:
cfn-lint finds nothing; SAM's own translator makes of the SAM template what the other one says; CloudFormation (moto)
makes the stack, and what is there afterwards is compared with the configuration, which this script reads itself.

Usage: templates.py RAMPMETER [CONFIGURATION...]     Needs: cfn-lint, aws-sam-translator, moto[server], boto3.
"""

import ast
import copy
import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib
import urllib.request
import warnings

import boto3
from cfnlint.api import ManualArgs, lint as cfn_lint
from cfnlint.decode import cfn_yaml
from moto.server import ThreadedMotoServer
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ACCOUNT, REGION = "123456789012", "eu-west-1"
PRIORITIES = ("high", "medium", "batch")
# What moto's CloudFormation does not make: linted and compared, not deployed. What it makes without an attribute (layers
# of functions, time to live, types and substitutions of state machines, who may redrive) is read in the template.
NOT_DEPLOYED = {"AWS::Pipes::Pipe", "AWS::CloudWatch::Alarm", "AWS::Scheduler::Schedule", "AWS::SQS::QueuePolicy"}
faults = []
asserted = 0


def expect(what, got, wanted):
    global asserted
    asserted += 1
    if got != wanted:
        faults.append(f"{what}: {got!r} instead of {wanted!r}")


def run(rampmeter, *arguments):
    # Neither the user's variables nor a server of theirs may influence the result.
    environment = {"PATH": os.environ["PATH"], "NO_COLOR": "1"}
    done = subprocess.run([rampmeter, *arguments], capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(f"rampmeter {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def configurations():
    found = [*ROOT.glob("examples/*/rampmeter.toml"), *ROOT.glob("testing/aws/*/rampmeter.toml")]
    return sorted(file for file in found if "[aws" in file.read_text())


def plain(value):
    """A template as plain data, whatever classes the decoder uses for source locations."""
    return json.loads(json.dumps(value))


def synthesise(rampmeter, file, folder):
    """The SAM template and the other one, after checks of their texts."""
    templates = {}
    for emit in ("sam", "cfn"):
        out = folder / emit
        run(rampmeter, "aws", "synth", "--config", str(file), "--emit", emit, "--out", str(out))
        text = (out / "template.yaml").read_text()
        again = run(rampmeter, "aws", "synth", "--config", str(file), "--emit", emit)
        expect(f"{file}: the same text again ({emit})", again, text)
        as_json = run(rampmeter, "aws", "synth", "--config", str(file), "--emit", emit, "--notation", "json")
        templates[emit] = plain(cfn_yaml.load(str(out / "template.yaml")))
        expect(f"{file}: YAML and JSON are the same template ({emit})", templates[emit], json.loads(as_json))
        expect(f"{file}: the layer holds the configuration", (out / "layer" / file.name).read_bytes(), file.read_bytes())
        lint(out / "template.yaml")
    return templates


def lint(template):
    # It reads definitions before their substitutions, and its schema of them knows no ARN without a partition.
    text = template.read_text().replace("arn:${Partition}:", "arn:aws:")
    matches = cfn_lint(text, config=ManualArgs(regions=[REGION, "us-east-1"]))
    expect(f"{template}: cfn-lint", [str(match) for match in matches], [])


def translated(sam):
    """What SAM's translator makes of a template, with code in a bucket as `sam package` would put it."""
    template = plain(sam)
    for resource in template["Resources"].values():
        properties = resource.get("Properties", {})
        for key in ("CodeUri", "ContentUri", "DefinitionUri"):
            if key in properties:
                properties[key] = {"Bucket": "bucket", "Key": "key"}
    os.environ.setdefault("AWS_DEFAULT_REGION", REGION)
    return Translator({}, Parser()).translate(template, {"Architecture": "arm64"})


# Where code and definitions lie is what differs between the two by design.
PLACES = {"Code", "Content", "DefinitionString", "DefinitionS3Location", "DefinitionSubstitutions"}


def comparable(resource, layer):
    resource = json.loads(json.dumps(resource).replace(layer, "ConfigurationLayer"))
    properties = {key: value for key, value in resource.get("Properties", {}).items() if key not in PLACES}
    tags = properties.pop("Tags", [])
    by_sam = {"lambda:createdBy", "stateMachine:createdBy"}
    expect("tags are SAM's own", [tag["Key"] for tag in tags if tag["Key"] not in by_sam], [])
    # SAM names its layers after themselves.
    properties.pop("LayerName", None)
    return {**resource, "Properties": properties}


def compare(file, sam, cfn):
    """The translated SAM template has the resources of the other."""
    made = translated(sam)["Resources"]
    layers = [name for name, resource in made.items() if resource["Type"] == "AWS::Lambda::LayerVersion"]
    expect(f"{file}: one layer", len(layers), 1)
    names = {"ConfigurationLayer" if name in layers else name for name in made}
    expect(f"{file}: the same resources", names, set(cfn["Resources"]))
    for name, resource in cfn["Resources"].items():
        other = made[layers[0] if name == "ConfigurationLayer" else name]
        if name == "ConfigurationLayer":
            expect(f"{file}: layer", other["Type"], resource["Type"])
            continue
        expect(f"{file}: {name}", comparable(other, layers[0]), comparable(resource, layers[0]))
        substitutions = resource["Properties"].get("DefinitionSubstitutions")
        if "DefinitionSubstitutions" in other["Properties"]:
            expect(f"{file}: {name}", other["Properties"]["DefinitionSubstitutions"], substitutions)


class Stack:
    """A stack on moto, made from the template without SAM."""

    def __init__(self, file, template, endpoint, stage=""):
        self.client = lambda service: boto3.client(
            service, region_name=REGION, endpoint_url=endpoint,
            aws_access_key_id="test", aws_secret_access_key="test",
        )
        s3 = self.client("s3")
        bucket = f"code-{os.getpid()}-{stage}0"
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        for key in ("worker.zip", "layer.zip"):
            s3.put_object(Bucket=bucket, Key=key, Body=empty_zip())
        parameters = {"CodeBucket": bucket, "WorkerKey": "worker.zip", "LayerKey": "layer.zip"}
        cloudformation = self.client("cloudformation")
        self.name = stage + file.parent.name
        cloudformation.create_stack(
            StackName=self.name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        )
        described = cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        expect(f"{file}: stack", described["StackStatus"], "CREATE_COMPLETE")
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
        resources = cloudformation.list_stack_resources(StackName=self.name)["StackResourceSummaries"]
        self.ids = {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in resources}
        wanted = {k for k, r in template["Resources"].items() if r["Type"] not in NOT_DEPLOYED}
        expect(f"{file}: resources that were made", wanted - set(self.ids), set())


def empty_zip():
    return b"PK\x05\x06" + bytes(18)


def pascal(name):
    return "".join(word[:1].upper() + word[1:] for word in re.split("[-_]", name))


def check_deployment(file, template, stack):
    config = tomllib.loads(file.read_text())
    aws = config.get("aws", {})
    for name, target in config.get("targets", {}).items():
        check_queues(template, stack, name, run_seconds(target | aws.get("targets", {}).get(name, {})))
        if target.get("worker", "embedded") == "embedded":
            target = target | aws.get("targets", {}).get(name, {})
            check_worker(file, template, stack, name, target, aws.get("limiter", "lease"), aws.get("tracing", True))
            check_alarms(file, template, name, config.get("slo", {}))
    for name, workflow in config.get("workflows", {}).items():
        check_workflow(file, template, stack, name, workflow, config)
        ends = ["ExecutionsFailed", "ExecutionsFailing", "TimedOut"]
        ends += ["Unstarted", "SourceOldest", "PipeFailed"] if "source" in workflow else []
        for end in ends:
            expect(f"{file}: {name}: {end}", f"{pascal(name)}{end}Alarm" in template["Resources"], True)
    if aws.get("limiter", "lease") == "lease":
        check_table(template, stack)
    check_roles(file, template, stack)
    check_runbook(file, template)
    check_first_deployment(file, template)


def queue_attributes(stack, name):
    sqs = stack.client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def run_seconds(target):
    """How long a worker runs at most, as the documentation has it; Lambda takes no queue that hides its messages for less."""
    return min(900, max(300, 2 * milliseconds(target.get("timeout", "60s")) // 1000 + 180))


def check_queues(template, stack, target, visible_after):
    arn = lambda name: f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    for end in (*PRIORITIES, "undelivered"):
        attributes = queue_attributes(stack, f"{target}-{end}")
        redrive = json.loads(attributes["RedrivePolicy"])
        to = "dead" if end == "undelivered" else "undelivered"
        expect(f"{target}-{end}: redrive", redrive, {"deadLetterTargetArn": arn(f"{target}-{to}"), "maxReceiveCount": 1000})
        wanted = 60 if end == "undelivered" else visible_after
        expect(f"{target}-{end}: visibility", attributes["VisibilityTimeout"], str(wanted))
        expect(f"{target}-{end}: retention", attributes["MessageRetentionPeriod"], "1209600")
        expect(f"{target}-{end}: encryption", attributes["SqsManagedSseEnabled"], "true")
        if end != "undelivered":
            url = stack.outputs[f"{pascal(target)}{end.capitalize()}QueueUrl"]
            expect(f"{target}-{end}: output", url.endswith(f"/{target}-{end}"), True)
    # moto does not keep this attribute, so it is read where it was asked for.
    properties = template["Resources"][f"{pascal(target)}UndeliveredQueue"]["Properties"]
    sources = [source["Fn::Sub"].rsplit(":", 1)[1] for source in properties["RedriveAllowPolicy"]["sourceQueueArns"]]
    expect(f"{target}: redrive allowed", sources, [f"{target}-{priority}" for priority in PRIORITIES])
    dead = queue_attributes(stack, f"{target}-dead")
    expect(f"{target}-dead: nobody redrives from here", "RedrivePolicy" in dead, False)


def check_worker(file, template, stack, name, target, limiter, tracing):
    functions = stack.client("lambda")
    worker = functions.get_function(FunctionName=f"{name}-worker")
    configuration = worker["Configuration"]
    expect(f"{name}: runtime", configuration["Runtime"], "provided.al2023")
    expect(f"{name}: timeout", configuration["Timeout"], run_seconds(target))
    expect(f"{name}: memory", configuration["MemorySize"], 512)
    layers = template["Resources"][f"{pascal(name)}WorkerFunction"]["Properties"]["Layers"]
    traced = template["Resources"][f"{pascal(name)}WorkerFunction"]["Properties"].get("TracingConfig")
    expect(f"{name}: traces", traced, {"Mode": "Active"} if tracing else None)
    expect(f"{name}: layer", layers, [{"Ref": "ConfigurationLayer"}])
    variables = configuration["Environment"]["Variables"]
    role = "drain" if limiter == "lease" else "slot"
    wanted = {
        "RAMPMETER_ROLE": role, "RAMPMETER_TARGET": name, "RAMPMETER_CONFIG": f"/opt/{file.name}",
        "RAMPMETER_QUEUES": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}", "RAMPMETER_LOG": "info",
        "POWERTOOLS_SERVICE_NAME": name, "POWERTOOLS_METRICS_NAMESPACE": "Rampmeter",
    }
    if role == "drain":
        wanted["RAMPMETER_TABLE"] = stack.ids["PermitsTable"]
        scheduler_role = variables.get("RAMPMETER_SCHEDULER_ROLE", "")
        expect(f"{name}: scheduler role", scheduler_role.startswith(f"arn:aws:iam::{ACCOUNT}:role/"), True)
        wanted["RAMPMETER_SCHEDULER_ROLE"] = scheduler_role
    expect(f"{name}: variables", variables, wanted)
    reserved = worker.get("Concurrency", {}).get("ReservedConcurrentExecutions")
    if reserved is None:
        reserved = functions.get_function_concurrency(FunctionName=f"{name}-worker").get("ReservedConcurrentExecutions")
    concurrency = [limit["concurrency"] for limit in target.get("limits", []) if "concurrency" in limit]
    slots = 6 if role == "drain" else min(concurrency)
    # Leases reserve nothing, so that an account with a limit of 10 takes the stack.
    expect(f"{name}: reserved concurrency", reserved, None if role == "drain" else slots)
    shares = []
    for priority in PRIORITIES:
        found = functions.list_event_source_mappings(EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-{priority}")
        mappings = found["EventSourceMappings"]
        expect(f"{name}-{priority}: mappings", len(mappings), 1)
        mapping = mappings[0]
        expect(f"{name}-{priority}: function", mapping["FunctionArn"].split(":")[6], f"{name}-worker")
        expect(f"{name}-{priority}: batch", mapping["BatchSize"], 1)
        expect(f"{name}-{priority}: partial answers", mapping.get("FunctionResponseTypes"), ["ReportBatchItemFailures"])
        shares.append(mapping.get("ScalingConfig", {}).get("MaximumConcurrency"))
    if None not in shares:
        expect(f"{name}: the mappings share all slots", sum(shares), slots)
    undelivered = functions.get_function(FunctionName=f"{name}-undelivered")["Configuration"]
    expect(f"{name}: undelivered", undelivered["Environment"]["Variables"]["RAMPMETER_ROLE"], "undelivered")
    found = functions.list_event_source_mappings(FunctionName=f"{name}-undelivered")["EventSourceMappings"]
    expect(f"{name}: consumer", [m["EventSourceArn"].rsplit(":")[-1] for m in found], [f"{name}-undelivered"])


def milliseconds(duration):
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h|d)", duration).groups()
    return int(number) * {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[unit]


def check_alarms(file, template, target, slo):
    """Each objective has an alarm with its threshold, and no other priority has one."""
    wanted = {}
    for priority, objective in slo.items():
        word = f"{pascal(target)}{priority.capitalize()}"
        if "oldest" in objective:
            wanted[f"{word}OldestAlarm"] = ("ApproximateAgeOfOldestMessage", milliseconds(objective["oldest"]) / 1000)
        if "wait_p95" in objective:
            wanted[f"{word}WaitAlarm"] = ("CallWait", milliseconds(objective["wait_p95"]))
    made = {
        name: (resource["Properties"]["MetricName"], resource["Properties"]["Threshold"])
        for name, resource in template["Resources"].items()
        if re.fullmatch(pascal(target) + "(High|Medium|Batch)(Oldest|Wait)Alarm", name)
    }
    expect(f"{file}: alarms of {target}", made, wanted)
    for end in ("Dead", "ForeignThrottle", "WorkerErrors", "WorkerThrottles", "CallsFailed", "CallsFailing", "Undelivered"):
        expect(f"{file}: {target}: {end}", f"{pascal(target)}{end}Alarm" in template["Resources"], True)
    leases = "PermitsTable" in template["Resources"]
    expect(f"{file}: {target}: asleep", f"{pascal(target)}AsleepAlarm" in template["Resources"], leases)


def check_runbook(file, template):
    """Each alarm says what to do first and which section of the runbook has more, and that section exists."""
    runbook = (ROOT / "docs/aws-runbook.md").read_text()
    sections = set(re.findall(r"^### ([a-z-]+)$", runbook, re.MULTILINE))
    for name, resource in template["Resources"].items():
        if resource["Type"] == "AWS::CloudWatch::Alarm":
            text = resource["Properties"]["AlarmDescription"]
            named = re.fullmatch(r".+\. First: .+\. Runbook: docs/aws-runbook\.md#([a-z-]+)", text)
            expect(f"{file}: {name}: a line of the runbook", bool(named) and named.group(1) in sections, True)


def check_first_deployment(file, template):
    """What holds work outlives the stack, except a stack whose first deployment failed."""
    for name, resource in template["Resources"].items():
        if resource["Type"] in ("AWS::SQS::Queue", "AWS::DynamoDB::Table"):
            expect(f"{file}: {name}", resource.get("DeletionPolicy"), "RetainExceptOnCreate")
    queues = {name for name, resource in template["Resources"].items() if resource["Type"] == "AWS::SQS::Queue"}
    over_tls = [
        queue["Ref"] for resource in template["Resources"].values() if resource["Type"] == "AWS::SQS::QueuePolicy"
        for queue in resource["Properties"]["Queues"]
    ]
    expect(f"{file}: every queue is reached over TLS only", sorted(over_tls), sorted(queues))


def value_of(key, config, workflow):
    """What a substitution stands for, as the documentation has it."""
    for target in config.get("targets", {}):
        if key == f"{pascal(target)}Queues":
            return {"Fn::Sub": "https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}/" + target}
        for priority in PRIORITIES:
            if key == f"{pascal(target)}{priority.capitalize()}":
                return {"Ref": f"{pascal(target)}{priority.capitalize()}Queue"}
    for name in config["workflows"]:
        if key == f"{pascal(name)}Arn":
            return {"Fn::Sub": "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:stateMachine:" + name}
    return workflow["substitutions"][key]


def check_workflow(file, template, stack, name, workflow, config):
    states = stack.client("stepfunctions")
    arn = stack.outputs[f"{pascal(name)}StateMachineArn"]
    expect(f"{name}: ARN", arn, f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{name}")
    machine = states.describe_state_machine(stateMachineArn=arn)
    expect(f"{name}: type", machine["type"], "STANDARD")
    properties = template["Resources"][f"{pascal(name)}StateMachine"]["Properties"]
    expect(f"{name}: type", properties["StateMachineType"], "STANDARD")
    traced = {"Enabled": True} if config.get("aws", {}).get("tracing", True) else None
    expect(f"{name}: traces", properties.get("TracingConfiguration"), traced)
    used = set(re.findall(r"\$\{(\w+)\}", machine["definition"]))
    substitutions = properties.get("DefinitionSubstitutions", {})
    expect(f"{name}: everything is substituted", set(substitutions), used)
    for key, value in substitutions.items():
        expect(f"{name}: {key}", value, value_of(key, config, workflow))
    source = (file.parent / workflow["definition"]).read_text()
    body = json.loads(machine["definition"])
    expect(f"{name}: states", list(body["States"]), list(json.loads(source)["States"]))
    role = machine["roleArn"].rsplit("/")[-1]
    expect(f"{name}: role", role, stack.ids[f"{pascal(name)}StateMachineRole"])
    if queue := workflow.get("source"):
        attributes = queue_attributes(stack, queue)
        expect(f"{queue}: in order", attributes.get("FifoQueue", "false"), str(queue.endswith(".fifo")).lower())
        starter = states.describe_state_machine(stateMachineArn=stack.ids[f"{pascal(name)}Starter"])
        properties = template["Resources"][f"{pascal(name)}Starter"]["Properties"]
        expect(f"{queue}: starter", properties["StateMachineType"], "EXPRESS")
        task = json.loads(starter["definition"])["States"]["Start the execution"]
        expect(f"{queue}: execution name", task["Parameters"]["Name.$"], "$[0].messageId")
        expect(f"{queue}: workflow", task["Parameters"]["StateMachineArn"], "${Workflow}")
        started = properties["DefinitionSubstitutions"]["Workflow"]["Fn::Sub"]
        expect(f"{queue}: workflow", started.rsplit(":", 1)[1], name)
        pipe = template["Resources"][f"{pascal(name)}Pipe"]["Properties"]
        expect(f"{queue}: pipe", pipe["TargetParameters"], {"StepFunctionStateMachineParameters": {"InvocationType": "REQUEST_RESPONSE"}})


def check_table(template, stack):
    dynamodb = stack.client("dynamodb")
    name = stack.ids["PermitsTable"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    expect("table: key", table["KeySchema"], [{"AttributeName": "id", "KeyType": "HASH"}])
    expect("table: on demand", table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST")
    properties = template["Resources"]["PermitsTable"]["Properties"]
    expect("table: time to live", properties["TimeToLiveSpecification"], {"AttributeName": "expires_at", "Enabled": True})
    recovery = properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    expect("table: recovery", recovery, True)


# The actions that AWS grants for everything or not at all.
ON_ALL = re.compile(
    r"(xray:Put|xray:GetSampling|states:SendTask|states:InvokeHTTPEndpoint|lambda:ListEventSourceMappings|logs:\w*(LogDeliver|ResourcePolic|LogGroups))"
)


def check_roles(file, template, stack):
    iam = stack.client("iam")
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::IAM::Role":
            continue
        policies = iam.list_role_policies(RoleName=stack.ids[name])["PolicyNames"]
        expect(f"{file}: {name}: policies", policies, ["rights"])
        document = iam.get_role_policy(RoleName=stack.ids[name], PolicyName="rights")["PolicyDocument"]
        # moto gives the policies of a role as Python has them.
        document = ast.literal_eval(document) if isinstance(document, str) else document
        # moto leaves None where CloudFormation leaves a condition's nothing out.
        for statement in filter(None, document["Statement"]):
            resources = statement["Resource"]
            resources = [resources] if isinstance(resources, str) else resources
            wide = "*" in resources
            if wide:
                expect(f"{file}: {name}: *", [a for a in statement["Action"] if not ON_ALL.match(a)], [])
            else:
                expect(f"{file}: {name}: ARNs", [r for r in resources if not r.startswith("arn:aws:")], [])


def check_stages(rampmeter, file, endpoint):
    """Two stages fit into one account, each with its own queues."""
    made = []
    for stage in ("dev", "live"):
        text = run(rampmeter, "aws", "synth", "--config", str(file), "--emit", "cfn", "--notation", "json", "--stage", stage)
        made.append(Stack(file, json.loads(text), endpoint, f"{stage}-"))
    queues = [{url for key, url in stack.outputs.items() if key.endswith("QueueUrl")} for stack in made]
    expect("stages: queues of their own", (len(queues[0]) > 4, queues[0] & queues[1]), (True, set()))
    functions = made[0].client("lambda").list_functions()["Functions"]
    workers = sorted(function["FunctionName"] for function in functions if function["FunctionName"].endswith("-worker"))
    expect("stages: workers of their own", all(name.split("-")[0] in ("dev", "live") for name in workers), True)
    expect("stages: as many of each", len([n for n in workers if n.startswith("dev-")]) * 2, len(workers))


def planted(file, templates, folder):
    """The judge finds what is planted: a queue that hides too shortly, one that forgets, a resource of no type."""
    before = len(faults)
    for emit, change in (("cfn", {"VisibilityTimeout": 30}), ("sam", {"MessageRetentionPeriod": 60})):
        changed = copy.deepcopy(templates)
        queue = next(r for r in changed[emit]["Resources"].values() if r["Type"] == "AWS::SQS::Queue")
        queue["Properties"].update(change)
        compare(file, changed["sam"], changed["cfn"])
    broken = folder / "broken.json"
    broken.write_text(json.dumps(templates["cfn"]).replace("AWS::SQS::Queue", "AWS::SQS::Queu"))
    lint(broken)
    found = len(faults) - before
    del faults[before:]
    expect("what is planted is found", found >= 3, True)


def main():
    rampmeter, *chosen = sys.argv[1:]
    files = [pathlib.Path(file).resolve() for file in chosen] or configurations()
    if not files:
        raise SystemExit("there is no configuration to judge")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    logging.getLogger("moto").setLevel(logging.ERROR)
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="moto")
    server = ThreadedMotoServer(port=0, verbose=False)
    os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://127.0.0.1:{port}"
    for file in files:
        with tempfile.TemporaryDirectory() as folder:
            templates = synthesise(str(pathlib.Path(rampmeter).resolve()), file, pathlib.Path(folder))
            compare(file, templates["sam"], templates["cfn"])
            if file == files[0]:
                planted(file, templates, pathlib.Path(folder))
            urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).read()
            stack = Stack(file, templates["cfn"], endpoint)
            check_deployment(file, templates["cfn"], stack)
            print(f"{file.relative_to(ROOT)}: {len(templates['cfn']['Resources'])} resources")
    everything = ROOT / "testing/aws/everything/rampmeter.toml"
    if everything in files:
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/reset", method="POST")).read()
        check_stages(str(pathlib.Path(rampmeter).resolve()), everything, endpoint)
    server.stop()
    for fault in faults:
        print(f"FAULT {fault}")
    print(f"{len(files)} configurations, {asserted} expectations, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
