import type { Cluster, RecordProducer, TopicPartition } from '@millrace/client';
import { ConfigurationError, FatalError, describeError, sleep } from '@millrace/kernel';
import { Logger } from '@nestjs/common';
import {
  KafkaParser,
  KafkaRequestDeserializer,
  Server,
  Transport,
  type BaseRpcContext,
  type ConsumerDeserializer,
  type ConsumerSerializer,
  type CustomTransportStrategy,
  type MessageHandler,
} from '@nestjs/microservices';
import { KafkaRequestSerializer } from '@nestjs/microservices/serializers/kafka-request.serializer.js';
import { EventEmitter } from 'node:events';
import type { Observable } from 'rxjs';
import { GroupReader, type PartitionProgress, type ReaderState } from './consume/group-reader.js';
import { TopicSelection, matches } from './consume/topic-selection.js';
import type { HandleRecords } from './consume/partition-worker.js';
import type { Delivery } from './delivery-options.js';
import { BatchHandling } from './handle/batch-handling.js';
import { DeadLetters } from './handle/dead-letters.js';
import { FailedRecords } from './handle/failed-records.js';
import type { HandlerHost } from './handle/handler-host.js';
import { RecordHandling } from './handle/record-handling.js';
import { RecordOutlet } from './handle/record-outlet.js';
import { ReplyProducer } from './handle/reply-producer.js';
import { readRetried, scopeOfRetried, sourceOfRetryTopic } from './handle/retry-topics.js';
import { deliveryOf, findPassedOver, type HandlerPattern } from './handler-topics.js';
import {
  resolveServerOptions,
  type MillraceServerOptions,
  type MillraceServerSettings,
  type NestKafkaOptions,
} from './millrace-server-options.js';
import { fromNestKafkaOptions } from './nest-kafka-options.js';
import type { ReceivedRecord } from './record/received-record.js';

/** Where a server stands, in the words of Nest's Kafka transport. */
export type MillraceServerStatus = 'connected' | 'rebalancing' | 'stopped' | 'crashed';

/** What {@link MillraceServer.on} tells. */
export interface MillraceServerEvents extends Record<string, (...values: never[]) => void> {
  /** Partitions have come. */
  assigned: (partitions: readonly TopicPartition[]) => void;
  /** Partitions were given up in order. */
  revoked: (partitions: readonly TopicPartition[]) => void;
  /** Partitions belong to others without having been given up. */
  lost: (partitions: readonly TopicPartition[]) => void;
  /** The server has come to its end by an error. */
  failed: (error: Error) => void;
}

/** What {@link MillraceServer.unwrap} gives out: both are running. */
export interface MillraceServerParts {
  readonly cluster: Cluster;
  readonly producer: RecordProducer;
}

/** Where a server and its partitions stand. */
export interface MillraceServerHealth {
  readonly groupId: string;
  readonly state: ReaderState;
  /** Why it has failed. */
  readonly error: string | undefined;
  readonly partitions: readonly PartitionProgress[];
}

const STATUS: Readonly<Record<ReaderState, MillraceServerStatus | undefined>> = {
  CREATED: undefined,
  STARTING: undefined,
  RUNNING: 'connected',
  REBALANCING: 'rebalancing',
  STOPPED: 'stopped',
  FAILED: 'crashed',
};

/**
 * Nest's transport for Kafka, on Millrace's own client: handlers with `@EventPattern` and `@MessagePattern` as they are, and
 * requests of Nest's `ClientKafka` as they come.
 *
 * ```ts
 * app.connectMicroservice({ strategy: new MillraceServer({ groupId: 'orders', cluster: { bootstrap: ['localhost:9092'] } }) });
 * ```
 *
 * At least once: an offset is committed when the handlers of its record and of all before it have ended, or acknowledged.
 * Records that fail are tried again and go to `<topic>-dlt`. See `docs/cookbook/move-from-nests-kafka-transport.md`.
 */
export class MillraceServer
  extends Server<MillraceServerEvents, MillraceServerStatus>
  implements CustomTransportStrategy
{
  /** Errors of event handlers are dealt with here: Nest need not log them too. */
  override readonly propagatesEventHandlerErrors = true;
  protected override readonly logger = new Logger(MillraceServer.name);
  readonly #options: MillraceServerOptions;
  readonly #settings: MillraceServerSettings;
  readonly #events = new EventEmitter();
  readonly #patterns = new Map<HandlerPattern, MessageHandler>();
  readonly #deliveries = new Map<HandlerPattern, Delivery>();
  #reader: GroupReader | undefined;
  #failure: Error | undefined;

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with the options. */
  constructor(options: MillraceServerOptions) {
    super();
    this.#options = options;
    this.#settings = resolveServerOptions(options);
    this.transportId = options.transportId ?? Transport.KAFKA;
    this.serializer = (options.serializer ?? new KafkaRequestSerializer()) as ConsumerSerializer;
    this.deserializer = (options.deserializer ?? new KafkaRequestDeserializer()) as ConsumerDeserializer;
  }

  /**
   * A server with the options of Nest's own Kafka transport; `more` adds to them or replaces them.
   *
   * @throws {ConfigurationError} (stop-app) naming every option that has no counterpart.
   */
  static fromKafkaOptions(options: NestKafkaOptions, more: Partial<MillraceServerOptions> = {}): MillraceServer {
    return new MillraceServer({ ...fromNestKafkaOptions(options), ...more });
  }

  get groupId(): string {
    return this.#settings.groupId;
  }

  /** Registers a handler; Nest calls it for each. Several handlers of events may share a pattern. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const key = pattern instanceof RegExp ? pattern : this.normalizePattern(pattern as string);
    callback.isEventHandler = isEventHandler;
    callback.extras = extras;
    const known = this.#samePattern(key) ?? key;
    const head = this.#patterns.get(known);
    if (head === undefined || !isEventHandler) {
      this.#patterns.set(known, callback);
      // Nest's tools ask for handlers by their text.
      this.messageHandlers.set(String(known), callback);
      return;
    }
    let tail = head;
    while (tail.next !== undefined) tail = tail.next as MessageHandler;
    tail.next = callback;
  }

  /** The handler of a topic, or of the first regular expression that matches it. */
  override getHandlerByPattern(pattern: string): MessageHandler | null {
    const exact = this.#patterns.get(this.getRouteFromPattern(pattern));
    if (exact !== undefined) return exact;
    for (const [each, handler] of this.#patterns) if (each instanceof RegExp && matches(each, pattern)) return handler;
    return null;
  }

  /**
   * Connects and joins the group. The callback gets an error when that fails: a `ConfigurationError` with everything that is
   * wrong with handlers or topics, or what keeps the cluster away.
   */
  async listen(callback: (error?: unknown) => unknown): Promise<void> {
    try {
      this.#throwIfListening();
      this.#resolveDeliveries();
      const reader = this.#makeReader();
      this.#reader = reader;
      await reader.start();
    } catch (error) {
      callback(error);
      return;
    }
    callback();
  }

  /** Lets handlers end, commits, leaves the group, flushes what was produced, and disconnects. */
  async close(): Promise<void> {
    await this.#reader?.stop();
  }

  on<Name extends keyof MillraceServerEvents>(event: Name, callback: MillraceServerEvents[Name]): this {
    this.#events.on(String(event), callback as (...values: unknown[]) => void);
    return this;
  }

  /** The cluster and the producer of this server; a {@link MillraceServerParts}. @throws {FatalError} before `listen`. */
  unwrap<T = MillraceServerParts>(): T {
    if (this.#reader === undefined)
      throw new FatalError('MR_LIFECYCLE_ORDER', 'the server has no connections yet: call listen() before unwrap()');
    const { cluster, producer } = this.#reader;
    return { cluster, producer } as T;
  }

  /** For health checks and for people. */
  health(): MillraceServerHealth {
    return {
      groupId: this.groupId,
      state: this.#reader?.state ?? 'CREATED',
      error: this.#failure === undefined ? undefined : describeError(this.#failure),
      partitions: this.#reader?.progress() ?? [],
    };
  }

  #throwIfListening(): void {
    const state = this.#reader?.state;
    if (state !== undefined && state !== 'STOPPED' && state !== 'FAILED')
      throw new FatalError(
        'MR_LIFECYCLE_ORDER',
        `the server of group '${this.groupId}' listens already: close it first`,
      );
  }

  /** Two regular expressions of the same text are the same pattern: handlers make their own each. */
  #samePattern(key: HandlerPattern): HandlerPattern | undefined {
    if (!(key instanceof RegExp)) return undefined;
    return [...this.#patterns.keys()].find((each) => each instanceof RegExp && String(each) === String(key));
  }

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with the handlers. */
  #resolveDeliveries(): void {
    const problems: string[] = [];
    for (const [pattern, handler] of this.#patterns)
      this.#deliveries.set(pattern, deliveryOf(pattern, handler, this.#settings.delivery, problems));
    const { topics, deserializer } = this.#options;
    // Nest's own deserializer finds no other pattern than the topic's name.
    if (topics !== undefined && deserializer !== undefined)
      findPassedOver(this.#deliveries, topics, this.#settings.delivery, problems);
    if (problems.length > 0) throw new ConfigurationError(`the handlers of group '${this.groupId}'`, problems);
  }

  /** Records of a retry topic are due one by one. */
  #deliveryOf(topic: string): Delivery {
    const { groupId, policy } = this.#settings;
    const source = sourceOfRetryTopic(groupId, topic, policy.retryDelaysMs.length);
    return source === undefined
      ? this.#deliveryOfSource(topic)
      : { ...this.#deliveryOfSource(source), maxBatchRecords: 1 };
  }

  #deliveryOfSource(topic: string): Delivery {
    const exact = this.#deliveries.get(topic);
    if (exact !== undefined) return exact;
    for (const [pattern, delivery] of this.#deliveries)
      if (pattern instanceof RegExp && matches(pattern, topic)) return delivery;
    return { ...this.#settings.delivery, batch: false };
  }

  #makeReader(): GroupReader {
    const selection = new TopicSelection(this.#options.topics ?? this.#patterns.keys());
    if (selection.isEmpty)
      this.logger.warn(`no handler belongs to group '${this.groupId}': nothing is read (see transportId)`);
    const reader: GroupReader = new GroupReader(this.#settings, selection, {
      deliveryOf: (topic) => this.#deliveryOf(topic),
      handle: (records, scope) => handle(records, scope),
      stateChanged: (state) => this.#stateChanged(state),
      troubled: (what, error) => this.logger.warn(`group '${this.groupId}': ${what}: ${describeError(error)}`),
      rebalanced: (kind, partitions) => void this.#events.emit(kind, partitions),
      failed: (error) => this.#failed(error),
    });
    const handle = this.#handling(reader);
    return reader;
  }

  #handling({ cluster, producer }: GroupReader): HandleRecords {
    const { groupId, policy, clock, random } = this.#settings;
    const warn = (message: string): void => this.logger.warn(`group '${groupId}': ${message}`);
    const outlet = new RecordOutlet(cluster, producer, clock);
    const deadLetters = new DeadLetters(outlet, groupId);
    const failed = new FailedRecords({ groupId, policy, outlet, deadLetters, clock, random, warn });
    const context = { groupId, host: this.#handlerHost(), failed, clock, warn };
    const replies = new ReplyProducer(producer, this.serializer);
    const single = new RecordHandling({ ...context, replies });
    const batches = new BatchHandling(context);
    const handle: HandleRecords = (records, scope) =>
      scope.delivery.batch ? batches.handle(records, scope) : single.handle(records[0] as ReceivedRecord, scope);
    return async (records, scope) => {
      const [first] = records as [ReceivedRecord, ...ReceivedRecord[]];
      if (sourceOfRetryTopic(groupId, first.topic, policy.retryDelaysMs.length) === undefined)
        return handle(records, scope);
      const record = readRetried(first);
      await sleep(clock, Math.max(0, record.retry.notBeforeMs - clock.nowMs()), scope.closing);
      return handle([record], scopeOfRetried(scope, first.offset));
    };
  }

  #handlerHost(): HandlerHost {
    return {
      parser: new KafkaParser(this.#options.parser),
      deserializer: this.deserializer,
      handlerFor: (pattern) => this.getHandlerByPattern(pattern),
      answerOf: (returned) => this.transformToObservable<unknown>(returned as Observable<unknown>),
      withHooks: (context, work) => this.#withHooks(context, work),
    };
  }

  async #withHooks(context: BaseRpcContext, work: () => Promise<void>): Promise<void> {
    const outcome = Promise.withResolvers<void>();
    // A hook need not hand the promise of the work on.
    this.runWithProcessingHooks(context, async (runEndHook) => {
      try {
        await work();
        outcome.resolve();
      } catch (error) {
        outcome.reject(error);
      } finally {
        runEndHook();
      }
    });
    await outcome.promise;
  }

  #stateChanged(state: ReaderState): void {
    const status = STATUS[state];
    if (status !== undefined) this._status$.next(status);
  }

  #failed(error: Error): void {
    this.#failure = error;
    this.logger.error(`group '${this.groupId}' has come to its end: ${describeError(error)}`);
    this.#events.emit('failed', error);
  }
}
