// How AWS clients find this server.

import { copyButton } from "./dialog.js";
import { h } from "./element.js";

export function view() {
  const aws = `http://${location.hostname}:4566`;
  const samples = [
    ["Shell, from the server itself", `eval "$(rampmeter env)"`],
    ["aws CLI", `export AWS_ENDPOINT_URL_SFN=${aws} AWS_ENDPOINT_URL_SQS=${aws}\nexport AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1\naws stepfunctions list-state-machines`],
    ["boto3", `import boto3\n\nstates = boto3.client("stepfunctions", endpoint_url="${aws}", region_name="us-east-1",\n                      aws_access_key_id="test", aws_secret_access_key="test")\nprint(states.list_state_machines()["stateMachines"])`],
    ["JavaScript", `import { SFNClient, ListStateMachinesCommand } from "@aws-sdk/client-sfn";\n\nconst states = new SFNClient({ endpoint: "${aws}", region: "us-east-1",\n  credentials: { accessKeyId: "test", secretAccessKey: "test" } });\nconsole.log((await states.send(new ListStateMachinesCommand({}))).stateMachines);`],
    ["Rust", `let config = aws_config::from_env().endpoint_url("${aws}").load().await;\nlet states = aws_sdk_sfn::Client::new(&config);`],
    ["Terraform", `provider "aws" {\n  region                      = "us-east-1"\n  access_key                  = "test"\n  secret_key                  = "test"\n  skip_credentials_validation = true\n  skip_requesting_account_id  = true\n  endpoints {\n    sfn = "${aws}"\n    sqs = "${aws}"\n    sts = "${aws}"\n  }\n}`],
  ];
  return {
    title: "Connect",
    node: h("div", null, h("h1", null, "Connect"),
      h("p", null, "Any AWS client talks to this server. The address below is that of the default port; ",
        h("code", null, "rampmeter env"), " prints the one in use."),
      samples.map(([name, text]) => h("section", null,
        h("div", { class: "head" }, h("h2", null, name), copyButton("Copy", () => text)),
        h("pre", { tabindex: 0 }, text)))),
  };
}
