import { FatalError } from '@millrace/kernel';
import { encodeHeaders } from '@millrace/protocol';
import type { StoreDefinition } from '../dsl/store-definitions.js';
import type { NodeEnvironment } from './node-environment.js';
import type { Outcome } from './processor-node.js';
import type { ForwardOptions, ProcessorContext, ProcessorOutput } from './processor.js';
import type { Schedules } from './schedules.js';

/** Passes a record on. */
export type PassOn = (key: unknown, value: unknown, timestampMs: number) => Outcome;

/** What a context has of its node. */
export interface UserContextParts {
  readonly name: string;
  readonly stores: ReadonlySet<string>;
  readonly schedules: Schedules;
  readonly environment: NodeEnvironment;
  /** To all operators below. */
  readonly forward: PassOn;
  /** To the operator of one output; undefined where there is none of that name. */
  readonly forwardTo: (output: string) => PassOn | undefined;
}

/** What a user's processor can do, in one task. */
export class UserContext implements ProcessorContext {
  readonly #parts: UserContextParts;
  readonly #environment: NodeEnvironment;
  readonly #outputs = new Map<string, ProcessorOutput<unknown, unknown>>();

  constructor(parts: UserContextParts) {
    this.#parts = parts;
    this.#environment = parts.environment;
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

  forward(key: unknown, value: unknown, options?: ForwardOptions): Outcome {
    return this.#pass(this.#parts.forward, key, value, options);
  }

  to(output: string): ProcessorOutput<unknown, unknown> {
    let port = this.#outputs.get(output);
    if (port !== undefined) return port;
    const forward = this.#parts.forwardTo(output);
    if (forward === undefined) {
      const message = `the processor '${this.#parts.name}' has no output '${output}': name it where the processor is added`;
      throw new FatalError('MR_TOPOLOGY_INVALID', message);
    }
    port = { forward: (key, value, options) => this.#pass(forward, key, value, options) };
    this.#outputs.set(output, port);
    return port;
  }

  store<S>({ name }: StoreDefinition<S>): S {
    if (this.#parts.stores.has(name)) return this.#environment.store(name) as S;
    throw new FatalError(
      'MR_TOPOLOGY_INVALID',
      `the processor '${this.#parts.name}' opens the store '${name}' without listing it: add it to its stores`,
    );
  }

  schedule(everyMs: number, by: 'stream-time' | 'wall-clock', callback: (timeMs: number) => Outcome): () => void {
    return this.#parts.schedules.add(everyMs, by, callback);
  }

  /** Passes on with headers and a time of its own, where they were asked for. */
  #pass(forward: PassOn, key: unknown, value: unknown, options: ForwardOptions | undefined): Outcome {
    const { context } = this.#environment;
    const timestampMs = options?.timestampMs ?? context.timestampMs;
    if (options?.headers === undefined) return forward(key, value, timestampMs);
    const { headers, headersStart, headersEnd } = context;
    const restore = (): void => void Object.assign(context, { headers, headersStart, headersEnd });
    const own = encodeHeaders(options.headers);
    Object.assign(context, { headers: own, headersStart: 0, headersEnd: own.length });
    let outcome: Outcome;
    try {
      outcome = forward(key, value, timestampMs);
    } catch (cause) {
      restore();
      throw cause;
    }
    if (outcome !== undefined) return outcome.finally(restore);
    restore();
    return undefined;
  }
}
