#!/usr/bin/env python3
"""Judges the modules of `rampmeter aws synth --emit cdk` and `--emit terraform`, for every example and fixture.

The construct is compiled by TypeScript with everything strict, and synthesised by the AWS CDK itself: what comes out is
compared, resource by resource, with what `--emit cfn` says. The module of Terraform is read as its JSON syntax says: each
expression is parsed as HCL, each thing that it names is there, each argument is one that its provider knows, and each
parameter and output of the template occurs once. Terraform itself is in no package registry, so that it does not run here.

Usage: modules.py RAMPMETER [CONFIGURATION...]     Needs: node, npm, python-hcl2.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import hcl2

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PACKAGE = pathlib.Path(__file__).resolve().parent / "cdk"
LANES = ("HIGH", "MEDIUM", "BATCH", "DEAD")
# What the providers' documents name, of what the module uses: hashicorp/aws 5 and 6, hashicorp/archive 2.
ARGUMENTS = {
    "aws_cloudformation_stack": {"name", "template_url", "template_body", "capabilities", "parameters", "tags"},
    "aws_s3_object": {"bucket", "key", "source", "lifecycle"},
    "aws_s3_bucket": {"bucket"},
    "archive_file": {"type", "source_dir", "output_path"},
}
ATTRIBUTES = {
    "aws_cloudformation_stack": {"outputs"},
    "aws_s3_object": {"key"},
    "aws_s3_bucket": {"bucket_regional_domain_name"},
    "archive_file": {"output_path", "output_sha256"},
}
FUNCTIONS = {"coalesce", "contains", "filesha256", "format", "join", "tostring"}
faults = []
asserted = 0


def expect(what, got, wanted):
    global asserted
    asserted += 1
    if got != wanted:
        faults.append(f"{what}: {got!r} instead of {wanted!r}")


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def configurations():
    found = [*ROOT.glob("examples/*/rampmeter.toml"), *ROOT.glob("testing/aws/*/rampmeter.toml")]
    return sorted(file for file in found if "[aws" in file.read_text())


def synthesise(rampmeter, file, emit, out):
    run(rampmeter, "aws", "synth", "--config", file, "--emit", emit, "--notation", "json", "--out", out)
    return json.loads((out / "template.json").read_text())


# The CDK.

APP = """
import {{ App, Stack }} from 'aws-cdk-lib';
import {{ Rampmeter }} from './rampmeter';
const app = new App({{ outdir: 'cdk.out' }});
const stack = new Stack(app, 'Under');
const made = new Rampmeter(stack, 'Rampmeter', {{ logLevel: 'debug', alarmTopicArns: ['arn:aws:sns:eu-west-1:1:a'] }});
const given: {{ [name: string]: string }} = {{}};
{given}
// @ts-expect-error no target has this name
(() => made.queue('nobody', 'HIGH'));
// @ts-expect-error a level that there is not
(() => new Rampmeter(stack, 'Other', {{ logLevel: 'loud' }}));
console.log(JSON.stringify(stack.resolve(given)));
app.synth();
"""


def judge_construct(rampmeter, file, tools, folder):
    template = synthesise(rampmeter, file, "cdk", folder)
    expect(f"{file}: the template of the construct is the plain one", template, synthesise(rampmeter, file, "cfn", folder / "cfn"))
    shutil.rmtree(folder / "cfn")
    (folder / "worker.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    (folder / "node_modules").symlink_to(tools / "node_modules")
    wanted = handed_out(folder / "rampmeter.ts")
    given = "\n".join(f"given[{json.dumps(name)}] = made.{name};" for name in wanted)
    (folder / "app.ts").write_text(APP.format(given=given))
    run("npx", "tsc", "--strict", "--noUnusedLocals", "--target", "es2022", "--module", "commonjs", "--skipLibCheck",
        "--types", "node", "app.ts", cwd=folder)
    given = json.loads(run("node", "app.js", cwd=folder))
    for name, id in wanted.items():
        of_machine = template["Resources"][id]["Type"] == "AWS::StepFunctions::StateMachine"
        expect(f"{file}: {name}", given[name] in ({"Fn::GetAtt": [id, "Arn"]}, {"Ref": id} if of_machine else None), True)
    made = json.loads((folder / "cdk.out/Under.template.json").read_text())
    compare(file, template, made)


def handed_out(construct):
    """What the construct hands out: the expression, and the logical id behind it."""
    text = construct.read_text()
    tables = {}
    for name, body in re.findall(r"const (QUEUES|SOURCES|STATE_MACHINES|WORKERS) = \{\n(.*?)\} as const;", text, re.S):
        tables[name] = re.findall(r"^  '([^']+)': (.*),$", body, re.M)
    wanted = {}
    for target, lanes in tables["QUEUES"]:
        for lane, id in re.findall(r"(\w+): '(\w+)'", lanes):
            wanted[f"queue('{target}', '{lane}').queueArn"] = id
        expect(f"{construct}: lanes of {target}", [lane for lane, _ in re.findall(r"(\w+): '(\w+)'", lanes)], list(LANES))
    wanted |= {f"source('{name}').queueArn": id.strip("'") for name, id in tables["SOURCES"]}
    wanted |= {f"stateMachine('{name}').stateMachineArn": id.strip("'") for name, id in tables["STATE_MACHINES"]}
    wanted |= {f"worker('{name}').functionArn": id.strip("'") for name, id in tables["WORKERS"]}
    return wanted


def compare(file, template, made):
    """What the CDK wrote is the template with its parameters chosen."""
    chosen = {}
    for name, parameter in template["Parameters"].items():
        default = parameter.get("Default")
        if parameter["Type"] == "CommaDelimitedList":
            default = default.split(",") if default else []
        chosen[name] = default
    chosen |= {"LogLevel": "debug", "AlarmTopicArns": ["arn:aws:sns:eu-west-1:1:a"]}
    assets = json.dumps(made)
    chosen["CodeBucket"] = {"Fn::Sub": re.search(r"cdk-\w+-assets-\$\{AWS::AccountId\}-\$\{AWS::Region\}", assets).group()}
    keys = re.findall(r'"S3Key": "(\w+\.zip)"', assets)
    expect(f"{file}: two archives", len(set(keys)), 2)
    layer = made["Resources"]["ConfigurationLayer"]["Properties"]["Content"]["S3Key"]
    chosen |= {"LayerKey": layer, "WorkerKey": next(iter(set(keys) - {layer}))}
    expect(f"{file}: no parameter is left", set(made.get("Parameters", {})) - {"BootstrapVersion"}, set())
    resources = {k: v for k, v in made["Resources"].items() if v["Type"] != "AWS::CDK::Metadata"}
    expect(f"{file}: the same resources", set(resources), set(template["Resources"]))
    for name, resource in template["Resources"].items():
        expect(f"{file}: {name}", ordered(resources.get(name)), ordered(substituted(resource, chosen)))
    expect(f"{file}: outputs", set(made.get("Outputs", {})), set(template["Outputs"]))


def substituted(value, chosen):
    if isinstance(value, dict):
        if set(value) == {"Ref"} and value["Ref"] in chosen:
            return chosen[value["Ref"]]
        return {key: substituted(inner, chosen) for key, inner in value.items()}
    if isinstance(value, list):
        return [substituted(inner, chosen) for inner in value]
    return value


def ordered(value):
    """As the CDK may write the same: `Fn::GetAtt` with a list, one dependency without a list, true without quotes."""
    if isinstance(value, dict):
        value = {key: ordered(inner) for key, inner in value.items()}
        if isinstance(value.get("DependsOn"), str):
            value["DependsOn"] = [value["DependsOn"]]
        if isinstance(value.get("DependsOn"), list):
            value["DependsOn"] = sorted(value["DependsOn"])
        return value
    if isinstance(value, list):
        return [ordered(inner) for inner in value]
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


# Terraform.

def judge_terraform(rampmeter, file, folder):
    template = synthesise(rampmeter, file, "terraform", folder)
    module = json.loads((folder / "main.tf.json").read_text())
    expect(f"{file}: what a module has", set(module) - {"//"}, {"terraform", "variable", "locals", "data", "resource", "output"})
    known = {f"var.{name}" for name in module["variable"]} | {f"local.{name}" for name in module["locals"]} | {"path.module"}
    for kind, prefix in (("data", "data."), ("resource", "")):
        for resource, things in module[kind].items():
            for name, arguments in things.items():
                expect(f"{file}: arguments of {resource}.{name}", set(arguments) - ARGUMENTS[resource], set())
                known |= {f"{prefix}{resource}.{name}.{attribute}" for attribute in ATTRIBUTES[resource]}
    used = set()
    for expression in expressions(module):
        # It is parsed as HCL, which raises if it is none.
        hcl2.loads(f"x = {expression}\n")
        bare = re.sub(r'"(?:[^"\\$]|\\.)*"', "", expression)
        used |= set(re.findall(r"\b(?:data\.)?[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+", bare))
        expect(f"{file}: functions of {expression}", set(re.findall(r"\b([a-z0-9_]+)\(", bare)) - FUNCTIONS, set())
    expect(f"{file}: what is named is there", used - known, set())
    expect(f"{file}: every variable is used", {name for name in known if name.startswith("var.")} - used, set())
    stack = module["resource"]["aws_cloudformation_stack"]["rampmeter"]
    expect(f"{file}: every parameter is given", list(stack["parameters"]), list(template["Parameters"]))
    outputs = [re.search(r'outputs\["(\w+)"\]', output["value"]).group(1) for output in module["output"].values()]
    expect(f"{file}: every output comes out", outputs, list(template["Outputs"]))
    for name, variable in module["variable"].items():
        plain = {"string": (str, type(None)), "number": (int,), "list(string)": (list,)}[variable["type"]]
        expect(f"{file}: default of {name}", name == "code_bucket" or isinstance(variable["default"], plain), True)


def expressions(value):
    """The `${...}` of all texts, without what is escaped."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)
    elif isinstance(value, str):
        at = 0
        while (at := value.find("${", at)) >= 0:
            if value[at - 1:at] == "$":
                at += 2
                continue
            depth, end = 0, at + 1
            while True:
                depth += {"{": 1, "}": -1}.get(value[end], 0)
                end += 1
                if depth == 0:
                    break
            yield value[at + 2:end - 1]
            at = end


def main():
    rampmeter = str(pathlib.Path(sys.argv[1]).resolve())
    files = [pathlib.Path(file) for file in sys.argv[2:]] or configurations()
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        tools = work / "tools"
        shutil.copytree(PACKAGE, tools)
        run("npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock", cwd=tools)
        for number, file in enumerate(files):
            judge_construct(rampmeter, file, tools, work / f"cdk{number}")
            judge_terraform(rampmeter, file, work / f"terraform{number}")
    for fault in faults:
        print(fault)
    print(f"{len(files)} configurations, {asserted} assertions, {len(faults)} faults")
    return 1 if faults or not files else 0


if __name__ == "__main__":
    sys.exit(main())
