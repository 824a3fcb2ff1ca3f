import { TaskError } from '@millrace/kernel';
import { readHeaders, type RecordHeader } from '@millrace/protocol';
import { KeptRecord } from '../processor/kept-record.js';
import type { NodeEnvironment } from '../processor/node-environment.js';
import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import { CallWindow, type CallOrder, type PendingCall } from './call-window.js';
import { callOutside, type CallSettings } from './outside-call.js';
import type { CallingOperator } from './task-calls.js';

/** What a call gets besides value and key. */
export interface AsyncCallContext {
  /** Aborts when the call's time is over or its task ends. A call that passes it on stops its work then. */
  readonly signal: AbortSignal;
  /** The record's headers; decoded when asked for. */
  readonly headers: readonly RecordHeader[];
}

/** What an `asyncMap` does. */
export interface AsyncMap extends CallSettings {
  readonly order: CallOrder;
  readonly maxInFlight: number;
  readonly call: (value: unknown, key: unknown, context: AsyncCallContext) => Promise<unknown>;
  /** A text that stands for a key. */
  readonly idOf: (key: unknown) => string;
}

interface RecordCall extends PendingCall {
  readonly key: unknown;
  readonly value: unknown;
  readonly timestampMs: number;
  readonly record: KeptRecord;
}

/**
 * Replaces values by what calls to the outside answer. Takes a record and lets the task go on; forwards the result, as the
 * record that it belongs to, when the task asks for it.
 */
export class AsyncMapNode extends ProcessorNode implements CallingOperator {
  readonly #map: AsyncMap;
  readonly #environment: NodeEnvironment;
  readonly #window: CallWindow<RecordCall>;
  readonly #running = new Set<AbortController>();
  #isClosed = false;

  constructor(name: string, map: AsyncMap, environment: NodeEnvironment) {
    super(name);
    this.#map = map;
    this.#environment = environment;
    this.#window = new CallWindow(map.order, map.maxInFlight, (call) => void this.#run(call));
    environment.calls.add(this);
  }

  get isFull(): boolean {
    return this.#window.isFull;
  }

  get isCalling(): boolean {
    return !this.#window.isEmpty;
  }

  get hasResult(): boolean {
    return this.#window.hasResult;
  }

  get heldTimeMs(): number {
    return this.#window.heldTimeMs;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    const { context, calls } = this.#environment;
    context.forgetValue();
    const id = key === null || key === undefined ? undefined : this.#map.idOf(key);
    const record = new KeptRecord(context);
    this.#window.add({ id, key, value, timestampMs, record, heldTimeMs: calls.streamTimeMs });
    return undefined;
  }

  async forwardResults(): Promise<void> {
    for (let call = this.#window.takeResult(); call !== undefined; call = this.#window.takeResult()) {
      await this.#forwardResult(call);
      this.#window.finish(call);
    }
  }

  override close(): void {
    this.#isClosed = true;
    this.#window.clear();
    const { taskId } = this.#environment;
    const reason = new TaskError(
      'MR_TASK_FENCED',
      `task ${taskId} ended during a call: its next owner makes it again`,
      {
        place: { taskId, node: this.name },
      },
    );
    for (const controller of this.#running) controller.abort(reason);
  }

  async #forwardResult({ key, timestampMs, record, result, heldTimeMs }: RecordCall): Promise<void> {
    const { context, calls } = this.#environment;
    const leave = record.enter(context);
    const { streamTimeMs } = calls;
    calls.streamTimeMs = heldTimeMs;
    try {
      if (result !== undefined && 'failure' in result) calls.failures.resultFailed(result.failure, this.name, true);
      else await this.#forwardValue(key, result?.value, timestampMs);
    } finally {
      calls.streamTimeMs = streamTimeMs;
      leave();
    }
  }

  async #forwardValue(key: unknown, value: unknown, timestampMs: number): Promise<void> {
    const { failures, scope } = this.#environment.calls;
    scope?.begin();
    try {
      await this.forward(key, value, timestampMs);
      scope?.keep();
    } catch (cause) {
      scope?.undo();
      failures.resultFailed(cause, this.name, false);
    }
  }

  async #run(call: RecordCall): Promise<void> {
    const { calls } = this.#environment;
    const controller = new AbortController();
    this.#running.add(controller);
    const { key, value, record } = call;
    try {
      const answer = await callOutside(this.#map, calls.environment, controller.signal, async (signal) =>
        this.#map.call(value, key, new CallOfRecord(signal, record)),
      );
      call.result = { value: answer };
    } catch (failure) {
      call.result = { failure };
    }
    this.#running.delete(controller);
    if (this.#isClosed) return;
    this.#window.end(call);
    calls.ended();
  }
}

class CallOfRecord implements AsyncCallContext {
  readonly signal: AbortSignal;
  readonly #record: KeptRecord;

  constructor(signal: AbortSignal, record: KeptRecord) {
    this.signal = signal;
    this.#record = record;
  }

  get headers(): readonly RecordHeader[] {
    const { headers } = this.#record;
    return readHeaders(headers, 0, headers.length);
  }
}
