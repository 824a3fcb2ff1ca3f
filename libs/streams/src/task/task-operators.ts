import { TaskCalls } from '../call/task-calls.js';
import { EarlyResultsNode } from '../aggregate/early-results-node.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import type { ProcessorNode } from '../processor/processor-node.js';
import type { RecordContext } from '../processor/record-context.js';
import { UserProcessorNode } from '../processor/user-processor-node.js';
import { patternMatches } from '../topology/topic-pattern.js';
import type { SubTopology, Topology } from '../topology/topology.js';
import { resolveErrorPolicy } from './error-policy.js';
import { InputChoice } from './input-choice.js';
import { PartitionQueue } from './partition-queue.js';
import { RecordFailures } from './record-failures.js';
import type { RecordScope } from './record-scope.js';
import { RetryInputs } from './retry-inputs.js';
import type { TaskEnvironment } from './stream-task.js';
import type { TaskCounters } from './task-counters.js';
import { TaskRecovery } from './task-recovery.js';

/** What the operators share with their task, and keep when they are made anew. */
export interface TaskOperatorsParts {
  readonly taskId: string;
  readonly context: RecordContext;
  readonly counters: TaskCounters;
  readonly scope: RecordScope | undefined;
  readonly node: Omit<NodeEnvironment, 'calls'>;
}

/** The operators of a task with the inputs that feed them and what waits in them: all that a rollback makes anew. */
export class TaskOperators {
  readonly nodes = new Map<string, ProcessorNode>();
  readonly queues: PartitionQueue[] = [];
  readonly choice: InputChoice;
  readonly failures: RecordFailures;
  readonly recovery: TaskRecovery;
  /** Undefined where the task reads no retry topic. */
  readonly retries: RetryInputs | undefined;
  /** Undefined where no operator calls to the outside. */
  readonly calls: TaskCalls | undefined;
  /** The operators that may schedule something by stream time. */
  readonly scheduling: readonly ProcessorNode[];

  constructor(topology: Topology, subTopology: SubTopology, environment: TaskEnvironment, parts: TaskOperatorsParts) {
    const { applicationId, partition, collector, nowMs } = environment;
    const { taskId, context, counters, scope, node } = parts;
    this.recovery = new TaskRecovery(topology, subTopology, {
      applicationId,
      partition,
      collector,
      context,
      counters,
      nowMs,
      store: node.store,
    });
    this.failures = new RecordFailures({
      taskId,
      applicationId,
      policy: resolveErrorPolicy(environment.policy),
      context,
      collector,
      counters,
      nowMs,
      random: environment.random ?? (() => 0),
      recordUndo: scope === undefined ? environment.recordUndo : undefined,
    });
    const calls = new TaskCalls(environment.calls, this.failures, scope);
    try {
      for (const each of subTopology.nodes) this.nodes.set(each.name, each.create({ ...node, calls }));
    } catch (cause) {
      this.#closeAfter(cause);
    }
    this.calls = calls.isUnused ? undefined : calls;
    this.scheduling = [...this.nodes.values()].filter(
      (each) => each instanceof UserProcessorNode || each instanceof EarlyResultsNode,
    );
    this.#connect(topology, subTopology, environment);
    const retries = this.queues.filter(({ tier }) => tier > 0);
    this.retries = retries.length === 0 ? undefined : new RetryInputs(retries);
    const sources = this.queues.filter(({ tier }) => tier === 0);
    this.choice = new InputChoice(sources, environment.maxTaskIdleMs ?? 0);
  }

  /** Takes over from those of before what a rollback must not reset. */
  succeed(former: TaskOperators): void {
    for (const [name, node] of former.nodes) this.nodes.get(name)?.succeed(node);
  }

  /** @throws what the first node throws that cannot be closed, when all others are. */
  close(): void {
    const errors: unknown[] = [];
    for (const node of this.nodes.values()) {
      try {
        node.close();
      } catch (error) {
        errors.push(error);
      }
    }
    this.calls?.close();
    if (errors.length > 0) throw errors[0];
  }

  /** Nobody else will close what was made before the node that could not be. @throws `cause`. */
  #closeAfter(cause: unknown): never {
    try {
      this.close();
    } catch {
      // What began the trouble is told, and decides what becomes of the task.
    }
    throw cause;
  }

  #connect(
    topology: Topology,
    subTopology: SubTopology,
    { applicationId, partition, matchedTopics = [] }: TaskEnvironment,
  ): void {
    for (const node of subTopology.nodes) {
      const made = this.nodes.get(node.name) as ProcessorNode;
      const children = subTopology.nodes.filter((each) => each.parents.includes(node));
      made.connect(children.map((each) => this.nodes.get(each.name) as ProcessorNode));
      if (node.source === undefined) continue;
      const { source } = node;
      const { pattern } = source;
      const topics =
        pattern === undefined
          ? [topology.topicName(applicationId, source.topic, source.isRepartition)]
          : matchedTopics.filter((each) => patternMatches(pattern, each));
      const route = this.recovery.route(source);
      for (const topic of topics) {
        this.queues.push(new PartitionQueue(topic, partition, source, made, { route, tier: 0 }));
      }
      this.recovery.topics(source).forEach((name, nth) => {
        const retry = { route, tier: nth + 1 };
        this.queues.push(new PartitionQueue(name, partition, source, made, retry));
      });
    }
  }
}
