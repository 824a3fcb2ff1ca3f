import { toMs, type ConfigurationError, type Duration } from '@millrace/kernel';
import { AsyncMapNode, type AsyncCallContext, type AsyncMap } from '../call/async-map-node.js';
import type { CallOrder } from '../call/call-window.js';
import { longestCallMs, type CallGuard } from '../call/outside-call.js';
import type { Serde } from '../serde/serde.js';
import { json } from '../serde/serdes.js';
import { keyText } from '../store/key-text.js';
import type { KStream } from './k-stream.js';

/**
 * A call to the outside for one record. It is made again after a failed try, which is one that throws or rejects, and after a
 * crash: the other side must bear a repetition.
 */
export type AsyncCall<K, V, R> = (value: V, key: K, context: AsyncCallContext) => Promise<R>;

/** When a call of {@link AsyncMapOptions} is tried again. */
export interface CallRetryOptions {
  /** Tries in all, the first one included. From 1. */
  readonly attempts: number;
  /** The wait before the second try is between 0 and this; each further one doubles it. Default `100ms`. */
  readonly backoffBase?: Duration;
  /** No wait is longer, but where an error's `retryAfterMs` asks for it. Default `5s`. */
  readonly backoffMax?: Duration;
  /**
   * Whether a failure may go away by itself. Asked about errors of other libraries; one of Millrace's own goes by its disposition.
   * Default: all of them may.
   */
  readonly isRetriable?: (error: unknown) => boolean;
}

/** How `asyncMap` calls to the outside. */
export interface AsyncMapOptions<R> {
  /** How results are written where they must be. Default JSON. */
  readonly value?: Serde<R>;
  /** Calls of one task that run at once, and records that it takes before their results are forwarded. From 1. Default 100. */
  readonly maxInFlight?: number;
  /**
   * - `ordered` (default): results are forwarded in the order of their records;
   * - `per-key`: those of a key are, and keys may overtake each other;
   * - `unordered`: as they come.
   *
   * Two calls of one key never overlap, unless `unordered`. Records without a key have none in common.
   */
  readonly order?: CallOrder;
  /** How long one try may take. Above 0. Default `5s`: a commit waits for the calls that are under way. */
  readonly timeout?: Duration;
  /** Default: a call is tried once. */
  readonly retry?: CallRetryOptions;
  /**
   * Stands around each try: a circuit breaker or a bulkhead, shared by whoever calls the same thing. An `ExecutionPolicy` of
   * `@millrace/resilience`, injected with `@InjectPolicy(name)`, is one; leave its own `retry` out.
   */
  readonly breaker?: CallGuard;
}

/** Adds an operator that calls to the outside. */
export function addAsyncMap<K, V, R>(
  name: string,
  stream: KStream<K, V>,
  call: AsyncCall<K, V, R>,
  given: AsyncMapOptions<R>,
): KStream<K, R> {
  const { graph, serdes, node: parent } = stream;
  const problem = (text: string): void => void graph.problems.push(`'${name}': ${text}`);
  const { maxInFlight = 100, order = 'ordered', retry } = given;
  const { attempts = 1, isRetriable = () => true } = retry ?? {};
  const duration = (what: string, value: Duration): number => {
    try {
      return toMs(value);
    } catch (error) {
      problem(`${what}: ${(error as ConfigurationError).problems.join('; ')}`);
      return 1;
    }
  };
  const map: AsyncMap = {
    node: name,
    order,
    maxInFlight,
    attempts,
    isRetriable,
    timeoutMs: duration('timeout', given.timeout ?? '5s'),
    backoffBaseMs: duration('backoffBase', retry?.backoffBase ?? '100ms'),
    backoffMaxMs: duration('backoffMax', retry?.backoffMax ?? '5s'),
    guard: given.breaker,
    call: call as AsyncMap['call'],
    idOf: (key) => keyText(key as K, serdes.key),
  };
  if (!isCount(maxInFlight)) problem(`maxInFlight must be a whole number from 1, not ${maxInFlight}`);
  if (!isCount(attempts)) problem(`attempts must be a whole number from 1, not ${attempts}`);
  if (map.timeoutMs <= 0) problem('no call can end within no time: give it a timeout above 0');
  const node = graph.add({
    name,
    kind: 'processor',
    parents: [parent],
    stores: [],
    globalTables: [],
    detail: `${order}, up to ${maxInFlight} calls, ${map.timeoutMs} ms each`,
    longestCallMs: longestCallMs(map),
    create: (environment) => new AsyncMapNode(name, map, environment),
  });
  return stream.derived(node, given.value ?? json<R>());
}

function isCount(number: number): boolean {
  return Number.isInteger(number) && number >= 1;
}
