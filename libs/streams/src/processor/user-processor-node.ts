import { readHeaders, type RecordHeader } from '@millrace/protocol';
import type { NodeEnvironment } from './node-environment.js';
import type { Processor, StreamRecord } from './processor.js';
import { ProcessorNode, type Outcome } from './processor-node.js';
import type { RecordContext } from './record-context.js';
import { Schedules } from './schedules.js';
import { UserContext } from './user-context.js';

class HandledRecord implements StreamRecord<unknown, unknown> {
  readonly key: unknown;
  readonly value: unknown;
  readonly timestampMs: number;
  readonly #context: RecordContext;

  constructor(key: unknown, value: unknown, timestampMs: number, context: RecordContext) {
    this.key = key;
    this.value = value;
    this.timestampMs = timestampMs;
    this.#context = context;
  }

  get headers(): readonly RecordHeader[] {
    const { headers, headersStart, headersEnd } = this.#context;
    return readHeaders(headers, headersStart, headersEnd);
  }
}

/** Runs a user's {@link Processor} in a task. */
export class UserProcessorNode extends ProcessorNode {
  readonly #processor: Processor<unknown, unknown>;
  readonly #environment: NodeEnvironment;
  readonly #context: UserContext;
  readonly #schedules = new Schedules();

  constructor(
    name: string,
    processor: Processor<unknown, unknown>,
    stores: readonly string[],
    environment: NodeEnvironment,
  ) {
    super(name);
    this.#processor = processor;
    this.#environment = environment;
    this.#context = new UserContext({
      name,
      stores: new Set(stores),
      schedules: this.#schedules,
      environment,
      forward: (key, value, timestampMs) => this.forward(key, value, timestampMs),
      forwardTo: (output) => {
        const child = this.children.find((each) => each.name === `${name}-${output}`);
        return child && ((key, value, timestampMs) => this.forwardTo(child, key, value, timestampMs));
      },
    });
    processor.init?.(this.#context);
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const { context } = this.#environment;
    const record = new HandledRecord(key, value, timestampMs, context);
    context.forgetValue();
    const sourceMs = context.timestampMs;
    if (timestampMs === sourceMs) return this.#processor.process(record, this.#context);
    // A join above may have made the record younger than the source's: what is forwarded or stored takes the record's time.
    context.timestampMs = timestampMs;
    let outcome: Outcome = undefined;
    try {
      outcome = this.#processor.process(record, this.#context);
    } finally {
      if (outcome === undefined) context.timestampMs = sourceMs;
    }
    return outcome?.finally(() => (context.timestampMs = sourceMs));
  }

  override punctuate(nowMs: number, streamTimeMs: number): Outcome {
    if (this.#schedules.isEmpty) return undefined;
    const outcome = this.#schedules.run('stream-time', streamTimeMs);
    if (outcome === undefined) return this.#schedules.run('wall-clock', nowMs);
    return outcome.then(() => this.#schedules.run('wall-clock', nowMs));
  }

  override hasStreamTimeSchedules(): boolean {
    return this.#schedules.hasStreamTime;
  }

  override punctuateStreamTime(streamTimeMs: number): Outcome {
    return this.#schedules.run('stream-time', streamTimeMs);
  }

  override resumeStreamTime(streamTimeMs: number): void {
    this.#schedules.resumeStreamTime(streamTimeMs);
  }

  override committed(): void {
    this.#schedules.committed();
  }

  /** Wall-clock schedules keep their turns: rollbacks that follow each other must not put them off for ever. */
  override succeed(former: ProcessorNode): void {
    if (former instanceof UserProcessorNode) this.#schedules.succeed(former.#schedules);
  }

  override close(): void {
    this.#processor.close?.();
  }
}
