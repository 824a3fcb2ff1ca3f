import { FatalError } from '@millrace/kernel';
import { readHeaders, type RecordHeader } from '@millrace/protocol';
import type { StoreDefinition } from '../dsl/store-definitions.js';
import type { NodeEnvironment } from './node-environment.js';
import type { Processor, ProcessorContext, StreamRecord } from './processor.js';
import { ProcessorNode, type Outcome } from './processor-node.js';
import type { RecordContext } from './record-context.js';

interface Schedule {
  readonly everyMs: number;
  readonly by: 'stream-time' | 'wall-clock';
  readonly callback: (timeMs: number) => Outcome;
  dueMs: number | undefined;
}

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

/** Runs a user's {@link Processor} in a task: its context, stores and schedules. */
export class UserProcessorNode extends ProcessorNode implements ProcessorContext {
  readonly #processor: Processor<unknown, unknown>;
  readonly #environment: NodeEnvironment;
  readonly #stores: ReadonlySet<string>;
  readonly #schedules = new Set<Schedule>();

  constructor(
    name: string,
    processor: Processor<unknown, unknown>,
    stores: readonly string[],
    environment: NodeEnvironment,
  ) {
    super(name);
    this.#processor = processor;
    this.#environment = environment;
    this.#stores = new Set(stores);
    processor.init?.(this);
  }

  get taskId(): string {
    return this.#environment.taskId;
  }

  get partition(): number {
    return this.#environment.partition;
  }

  get streamTimeMs(): number {
    return this.#environment.taskStreamTimeMs();
  }

  get nowMs(): number {
    return this.#environment.nowMs();
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const { context } = this.#environment;
    const record = new HandledRecord(key, value, timestampMs, context);
    context.forgetValue();
    const sourceMs = context.timestampMs;
    if (timestampMs === sourceMs) return this.#processor.process(record, this);
    // A join above may have made the record younger than the source's: what is forwarded or stored takes the record's time.
    context.timestampMs = timestampMs;
    let outcome: Outcome = undefined;
    try {
      outcome = this.#processor.process(record, this);
    } finally {
      if (outcome === undefined) context.timestampMs = sourceMs;
    }
    return outcome?.finally(() => (context.timestampMs = sourceMs));
  }

  override forward(key: unknown, value: unknown, timestampMs = this.#environment.context.timestampMs): Outcome {
    return super.forward(key, value, timestampMs);
  }

  store<S>({ name }: StoreDefinition<S>): S {
    if (this.#stores.has(name)) return this.#environment.store(name) as S;
    throw new FatalError(
      'MR_TOPOLOGY_INVALID',
      `the processor '${this.name}' opens the store '${name}' without listing it: add it to its stores`,
    );
  }

  schedule(everyMs: number, by: Schedule['by'], callback: Schedule['callback']): () => void {
    const schedule: Schedule = { everyMs, by, callback, dueMs: undefined };
    this.#schedules.add(schedule);
    return () => void this.#schedules.delete(schedule);
  }

  override punctuate(nowMs: number, streamTimeMs: number): Outcome {
    if (this.#schedules.size === 0) return undefined;
    const outcome = this.#run('stream-time', streamTimeMs);
    if (outcome === undefined) return this.#run('wall-clock', nowMs);
    return outcome.then(() => this.#run('wall-clock', nowMs));
  }

  override hasStreamTimeSchedules(): boolean {
    for (const schedule of this.#schedules) if (schedule.by === 'stream-time') return true;
    return false;
  }

  override punctuateStreamTime(streamTimeMs: number): Outcome {
    return this.#run('stream-time', streamTimeMs);
  }

  /** Wall-clock schedules keep their turns: rollbacks that follow each other must not put them off for ever. */
  override succeed(former: ProcessorNode): void {
    if (!(former instanceof UserProcessorNode)) return;
    const schedules = [...former.#schedules];
    let nth = 0;
    for (const schedule of this.#schedules) {
      const before = schedules[nth++];
      const isSame = before?.by === 'wall-clock' && schedule.by === 'wall-clock' && before.everyMs === schedule.everyMs;
      if (isSame) schedule.dueMs = before.dueMs;
    }
  }

  override close(): void {
    this.#processor.close?.();
  }

  #run(by: Schedule['by'], timeMs: number): Outcome {
    if (timeMs < 0) return undefined;
    let pending: Promise<void> | undefined;
    for (const schedule of this.#schedules) {
      if (schedule.by !== by) continue;
      if (schedule.dueMs === undefined) {
        // As in Kafka Streams: turns of stream time are aligned to 0, and the wall clock's first one is a period away.
        schedule.dueMs = by === 'stream-time' ? 0 : timeMs + schedule.everyMs;
      }
      if (timeMs < schedule.dueMs) continue;
      const missed = Math.floor((timeMs - schedule.dueMs) / schedule.everyMs) + 1;
      schedule.dueMs += missed * schedule.everyMs;
      if (pending !== undefined) pending = pending.then(() => schedule.callback(timeMs));
      else pending = schedule.callback(timeMs) ?? undefined;
    }
    return pending;
  }
}
