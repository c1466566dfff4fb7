// Made by rampmeter aws synth --emit cdk. Change the configuration and make it again.
import * as path from 'path';
import { IFunction, Function } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { IStateMachine, StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { Construct } from 'constructs';

const FOLDER = __dirname;
const TEMPLATE = 'template.yaml';
const LAYER = 'layer';
const WORKER = 'worker.zip';
const QUEUES = {
  'netsuite': { HIGH: 'NetsuiteHighQueue', MEDIUM: 'NetsuiteMediumQueue', BATCH: 'NetsuiteBatchQueue', DEAD: 'NetsuiteDeadQueue' },
  'outside': { HIGH: 'OutsideHighQueue', MEDIUM: 'OutsideMediumQueue', BATCH: 'OutsideBatchQueue', DEAD: 'OutsideDeadQueue' },
  'sales_force': { HIGH: 'SalesForceHighQueue', MEDIUM: 'SalesForceMediumQueue', BATCH: 'SalesForceBatchQueue', DEAD: 'SalesForceDeadQueue' },
} as const;
const SOURCES = {
  'nightly': 'NightlySource',
  'order': 'OrderSource',
} as const;
const STATE_MACHINES = {
  'nightly': 'NightlyStateMachine',
  'order': 'OrderStateMachine',
} as const;
const WORKERS = {
  'netsuite': 'NetsuiteWorkerFunction',
  'sales_force': 'SalesForceWorkerFunction',
} as const;

export type Target = keyof typeof QUEUES;
export type Workflow = keyof typeof STATE_MACHINES;
export type Lane = 'HIGH' | 'MEDIUM' | 'BATCH' | 'DEAD';

export interface RampmeterProps {
  /** Folder of the template and the layer. Default: that of this file. */
  readonly folder?: string;
  /** The worker's archive. Default: worker.zip in the folder. */
  readonly worker?: string;
  /** Processor that worker.zip was built for. Default: 'arm64'. */
  readonly architecture?: 'arm64' | 'x86_64';
  /** Memory of each worker in MiB. Bodies of 1 MiB in 200 calls at once need 2048. Default: 512. */
  readonly workerMemory?: number;
  /** Whether workers have concurrency of their own that nothing else in the account can take. Lambda leaves 100 unreserved and refuses the stack otherwise. Default: 'no'. */
  readonly reserveConcurrency?: 'yes' | 'no';
  /** What the worker logs. Its metrics are written whatever this is. Default: 'info'. */
  readonly logLevel?: 'error' | 'warn' | 'info' | 'debug';
  /** Private subnets of the workers, with a way to SQS, DynamoDB, Step Functions, Lambda and EventBridge Scheduler; none if empty. Default: none. */
  readonly vpcSubnetIds?: string[];
  /** Security groups of the workers in those subnets. Default: none. */
  readonly vpcSecurityGroupIds?: string[];
  /** How long logs are kept. Default: 30. */
  readonly logRetentionInDays?: 1 | 3 | 5 | 7 | 14 | 30 | 60 | 90 | 120 | 150 | 180 | 365 | 400 | 545 | 731 | 1096 | 1827 | 2192 | 2557 | 2922 | 3288 | 3653;
  /** ARNs of the SNS topics that alarms go to, five at most; none if empty. Default: none. */
  readonly alarmTopicArns?: string[];
  /** An alarm tells of more failed calls or executions than this in five minutes. Default: 25. */
  readonly alarmAboveFailures?: number;
  /** ARN of the policy that bounds every role of the stack; none if empty. Default: none. */
  readonly permissionsBoundaryArn?: string;
  /** Whether the table of permits is protected from deletion. Set it once the first deployment has succeeded: a table that is protected cannot be rolled back. Default: 'false'. */
  readonly protectTable?: 'true' | 'false';
  /** ARN of the KMS key of the queues; AWS's own if empty. Default: none. */
  readonly queueKeyArn?: string;
  /** ARN of the KMS key of the table of permits; AWS's own if empty. Default: none. */
  readonly tableKeyArn?: string;
  /** ARN of the KMS key of the logs; AWS's own if empty. Default: none. */
  readonly logKeyArn?: string;
  /** ARN of the KMS key of the secrets; AWS's own if empty. Default: none. */
  readonly secretKeyArn?: string;
}

const DEFAULTS: RampmeterProps = {
  architecture: 'arm64',
  workerMemory: 512,
  reserveConcurrency: 'no',
  logLevel: 'info',
  vpcSubnetIds: [],
  vpcSecurityGroupIds: [],
  logRetentionInDays: 30,
  alarmTopicArns: [],
  alarmAboveFailures: 25,
  permissionsBoundaryArn: '',
  protectTable: 'false',
  queueKeyArn: '',
  tableKeyArn: '',
  logKeyArn: '',
  secretKeyArn: '',
};

/** The workflows, queues and workers of one configuration. One of them fits into a stack. */
export class Rampmeter extends Construct {
  /** The template, for what has no method here: `template.getResource(ID)`. */
  readonly template: CfnInclude;

  constructor(scope: Construct, id: string, props: RampmeterProps = {}) {
    super(scope, id);
    const { folder = FOLDER, worker = path.join(folder, WORKER), ...chosen } = props;
    const code = new Asset(this, 'Code', { path: worker });
    const layer = new Asset(this, 'Layer', { path: path.join(folder, LAYER) });
    const parameters: { [name: string]: unknown } = {
      CodeBucket: code.s3BucketName,
      WorkerKey: code.s3ObjectKey,
      LayerKey: layer.s3ObjectKey,
    };
    for (const [name, value] of Object.entries({ ...DEFAULTS, ...chosen })) {
      parameters[name[0].toUpperCase() + name.slice(1)] = value;
    }
    this.template = new CfnInclude(this, 'Template', { templateFile: path.join(folder, TEMPLATE), parameters });
  }

  /** The queue of a target's calls of one priority, or of its dead letters. */
  queue(target: Target, lane: Lane): IQueue {
    return this.queueOf(QUEUES[target][lane]);
  }

  /** The queue whose messages start a workflow. */
  source(workflow: keyof typeof SOURCES): IQueue {
    return this.queueOf(SOURCES[workflow]);
  }

  /** The state machine of a workflow. */
  stateMachine(workflow: Workflow): IStateMachine {
    const id = STATE_MACHINES[workflow];
    return this.once(id, (key) => StateMachine.fromStateMachineArn(this, key, this.attribute(id, 'Arn')));
  }

  /** The function that makes a target's calls. */
  worker(target: keyof typeof WORKERS): IFunction {
    const id = WORKERS[target];
    return this.once(id, (key) => Function.fromFunctionArn(this, key, this.attribute(id, 'Arn')));
  }

  private queueOf(id: string): IQueue {
    return this.once(id, (key) => Queue.fromQueueArn(this, key, this.attribute(id, 'Arn')));
  }

  private attribute(id: string, name: string): string {
    return this.template.getResource(id).getAtt(name).toString();
  }

  private once<T>(id: string, make: (key: string) => T): T {
    const key = `Imported${id}`;
    return (this.node.tryFindChild(key) as T | undefined) ?? make(key);
  }
}
