import {
  FatalError,
  TransientError,
  nextInt,
  type Clock,
  type Lifecycle,
  type Random,
  type Timer,
} from '@millrace/kernel';
import { ErrorCodes, apis, errorName, type ResponseOf } from '@millrace/protocol';
import { BrokerLink, type BrokerAddress, type RequestOptions } from '../connection/broker-link.js';
import type { ClientApi } from '../connection/client-api.js';
import { brokerError, noLeader, stoppedError, throwOnError } from '../errors/broker-errors.js';
import { MetadataCache } from '../metadata/metadata-cache.js';
import type { TopicMetadata, TopicPartition } from '../metadata/topic-metadata.js';
import { resolveClusterOptions, type ClusterOptions, type ClusterSettings } from './cluster-options.js';
import { Coordinators } from './coordinators.js';
import { retrying, type RetryContext } from './retry.js';

/** What the cluster as a whole can do. */
export interface ClusterFeatures {
  /** Level of the feature `transaction.version`: 2 with KIP-890's second part, else less. */
  readonly transactionVersion: number;
  /** Level of the feature `streams.version`: 1 with streams groups (KIP-1071), else 0. */
  readonly streamsVersion: number;
}

/** The purpose of connections for requests that any broker answers at once. */
const CONTROL = 'control';
/** Brokers learn of a new topic one after the other: what one does not know may come to be known so much later. */
const UNKNOWN_TOPIC_PATIENCE_MS = 5_000;

/**
 * A Kafka cluster: its brokers, its metadata, and connections to it.
 *
 * Each user (a fetcher, a producer, a group member) has connections of its own, one to each broker, so that a long poll of
 * one does not hold up another. Producers, fetchers and members are made on a started cluster and stopped before it.
 */
export class Cluster implements Lifecycle {
  readonly settings: ClusterSettings;
  readonly metadataCache = new MetadataCache();
  readonly coordinators: Coordinators;
  readonly #links = new Map<string, BrokerLink>();
  readonly #bootstrapLinks: readonly BrokerLink[];
  #stopping = new AbortController();
  #running = false;
  #features: ClusterFeatures = { transactionVersion: 0, streamsVersion: 0 };
  #refresh: { readonly topics: ReadonlySet<string>; readonly done: Promise<void> } | undefined;
  #nextRefresh: { readonly topics: Set<string>; readonly done: Promise<void> } | undefined;
  #ageing: Timer | undefined;
  /** How often some broker was chosen since one that is known has answered, or metadata have come; 0 while none has failed to. */
  #fruitlessChoices = 0;
  #purposes = 0;

  /** @throws {ConfigurationError} (stop-app) naming everything that is wrong with the options. */
  constructor(options: ClusterOptions) {
    this.settings = resolveClusterOptions(options);
    this.coordinators = new Coordinators(this);
    this.#bootstrapLinks = this.settings.bootstrap.map(
      (address, index) => new BrokerLink(-1 - index, CONTROL, () => address, this.settings),
    );
  }

  get clock(): Clock {
    return this.settings.clock;
  }

  get random(): Random {
    return this.settings.random;
  }

  /** What the cluster can do; known once it is started. */
  get features(): ClusterFeatures {
    return this.#features;
  }

  /**
   * Connects to the first bootstrap broker that answers and learns of the others.
   *
   * @throws {TransientError} (retry) when none answers within `requestTimeoutMs`.
   * @throws {FatalError} (stop-app) when the credentials are refused or the broker is too old.
   */
  async start(): Promise<void> {
    if (this.#running) return;
    this.#stopping = new AbortController();
    this.#running = true;
    try {
      const { requestTimeoutMs } = this.settings;
      await retrying(this.retryContext(), 'the first contact with the cluster', requestTimeoutMs, async () => {
        const link = await this.#firstReachable();
        const capabilities = await link.capabilities();
        this.#features = {
          transactionVersion: capabilities.feature('transaction.version'),
          streamsVersion: capabilities.feature('streams.version'),
        };
        this.#take(await link.request(apis.Metadata, metadataRequest([])));
      });
    } catch (error) {
      await this.stop();
      throw error;
    }
    this.#age();
  }

  /** Ends all connections; requests in flight fail. */
  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#ageing?.cancel();
    this.#stopping.abort(stoppedError('the cluster'));
    for (const link of [...this.#links.values(), ...this.#bootstrapLinks]) link.reset();
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** What a loop of tries needs; ends early when the cluster stops or `signal` aborts. */
  retryContext(signal?: AbortSignal): RetryContext {
    const signals = signal === undefined ? [this.#stopping.signal] : [this.#stopping.signal, signal];
    return { ...this.settings, signal: signals.length === 1 ? this.#stopping.signal : AbortSignal.any(signals) };
  }

  /** A name for the connections of one user, such as `produce-3`. */
  newPurpose(kind: string): string {
    return `${kind}-${++this.#purposes}`;
  }

  /** The connection to a broker for one purpose. @throws {TransientError} (retry) when no such broker is known. */
  link(nodeId: number, purpose: string = CONTROL): BrokerLink {
    if (!this.#running) throw stoppedError('the cluster');
    const key = `${nodeId}/${purpose}`;
    const present = this.#links.get(key);
    if (present !== undefined) return present;
    const address = this.metadataCache.broker(nodeId);
    if (address === undefined) {
      throw new TransientError('MR_BROKER_UNAVAILABLE', `broker ${nodeId} is not in the cluster's metadata`);
    }
    // While a broker is not among the members, it may still be where it was last.
    let last = address;
    const current = (): BrokerAddress => (last = this.metadataCache.broker(nodeId) ?? last);
    const link = new BrokerLink(nodeId, purpose, current, this.settings);
    this.#links.set(key, link);
    return link;
  }

  /** The connection to the leader of a partition. @throws {TransientError} (retry) when none is known. */
  leaderLink(place: TopicPartition): BrokerLink {
    const nodeId = this.leaderOf(place.topic, place.partition);
    if (nodeId === undefined) throw noLeader(place);
    return this.link(nodeId);
  }

  /** Ends all connections of one purpose. */
  closeLinks(purpose: string): void {
    for (const [key, link] of this.#links) {
      if (link.purpose !== purpose) continue;
      this.#links.delete(key);
      link.close();
    }
  }

  /**
   * Sends a request to some broker, with retries on others for as long as `requestTimeoutMs`. Where those that are known do not
   * answer, the bootstrap addresses are asked too, by this call or a later one (KIP-899).
   */
  requestAny<Draft extends object, Res>(
    api: ClientApi<Draft, Res>,
    body: Draft | ((version: number) => Draft),
    options?: RequestOptions,
  ): Promise<Res> {
    const { requestTimeoutMs } = this.settings;
    return retrying(this.retryContext(), api.name, requestTimeoutMs, () => this.#askSomeone(api, body, options));
  }

  /**
   * Asks about topics, or all of them, and takes over what is answered. A broker that tells the client to begin again at the bootstrap
   * addresses is obeyed (KIP-1102).
   */
  requestMetadata(topics: readonly string[] | 'all'): Promise<ResponseOf<typeof apis.Metadata>> {
    const { requestTimeoutMs } = this.settings;
    return retrying(this.retryContext(), apis.Metadata.name, requestTimeoutMs, async () => {
      const response = await this.#askSomeone(apis.Metadata, metadataRequest(topics));
      this.#take(response);
      return response;
    });
  }

  async #askSomeone<Draft extends object, Res>(
    api: ClientApi<Draft, Res>,
    body: Draft | ((version: number) => Draft),
    options?: RequestOptions,
  ): Promise<Res> {
    const link = this.#someLink();
    try {
      const response = await link.request(api, body, options);
      // What a bootstrap address answers says nothing of the brokers that are known.
      if (!this.#bootstrapLinks.includes(link)) this.#fruitlessChoices = 0;
      return response;
    } catch (error) {
      this.#fruitlessChoices ||= 1;
      throw error;
    }
  }

  #take(response: ResponseOf<typeof apis.Metadata>): void {
    if (response.errorCode === ErrorCodes.REBOOTSTRAP_REQUIRED) {
      this.metadataCache.forgetBrokers();
      const message = 'a broker has told the client to begin again at the bootstrap addresses';
      throw new TransientError('MR_BROKER_RETRIABLE', message, {
        place: { kafkaError: errorName(response.errorCode) },
      });
    }
    throwOnError(response.errorCode, apis.Metadata.name);
    this.metadataCache.update(response);
    this.#fruitlessChoices = 0;
  }

  /**
   * Describes topics whose partitions all have leaders, asking the brokers where the cache does not know so. For topics that have just
   * been created; who is content with less asks for {@link knownTopics}.
   *
   * @param unknownPatienceMs How long a topic may be unknown to the brokers, which learn of a new one each in its own time. Default: 5 s,
   *   and no more than half of `requestTimeoutMs`.
   * @throws {TransientError} (retry) when a topic still has no leader after `requestTimeoutMs`.
   * @throws {FatalError} (stop-app) `MR_BROKER_REFUSED` when a topic does not exist or may not be described.
   */
  async metadata(topics: readonly string[], unknownPatienceMs?: number): Promise<TopicMetadata[]> {
    return this.#described(topics, isComplete, unknownPatienceMs);
  }

  /**
   * Describes topics, asking the brokers where the cache does not know them. Partitions may be without leader: that one has none does
   * not concern the others.
   *
   * @throws {TransientError} (retry) when no broker describes a topic within `requestTimeoutMs`.
   * @throws {FatalError} (stop-app) as {@link metadata}.
   */
  knownTopics(topics: readonly string[]): Promise<TopicMetadata[]> {
    return this.#described(topics, isKnown);
  }

  /** Number of partitions of a topic. Throws as {@link knownTopics} does. */
  async partitionCount(topic: string): Promise<number> {
    const [metadata] = await this.knownTopics([topic]);
    return (metadata as TopicMetadata).partitions.length;
  }

  /** Leader of a partition as far as is known, without asking; `undefined` when it is not known or there is none. */
  leaderOf(topic: string, partition: number): number | undefined {
    return this.metadataCache.leader(topic, partition)?.leaderId;
  }

  /** Asks again about topics, also those that are known. Calls that come while one is under way share the next one. */
  refreshMetadata(topics: readonly string[]): Promise<void> {
    if (this.#refresh === undefined) return this.#startRefresh(new Set(topics));
    if (this.#nextRefresh === undefined) {
      const wanted = new Set<string>();
      const after = (): Promise<void> => {
        this.#nextRefresh = undefined;
        return this.#startRefresh(wanted);
      };
      this.#nextRefresh = { topics: wanted, done: this.#refresh.done.then(after, after) };
    }
    for (const topic of topics) this.#nextRefresh.topics.add(topic);
    return this.#nextRefresh.done;
  }

  #startRefresh(topics: ReadonlySet<string>): Promise<void> {
    const done = this.requestMetadata([...topics])
      .then(() => undefined)
      .finally(() => {
        if (this.#refresh?.done === done) this.#refresh = undefined;
      });
    this.#refresh = { topics, done };
    return done;
  }

  async #described(
    topics: readonly string[],
    suffices: (topic: TopicMetadata | undefined) => boolean,
    unknownPatienceMs?: number,
  ): Promise<TopicMetadata[]> {
    const lacking = topics.filter((name) => !suffices(this.metadataCache.topic(name)));
    if (lacking.length > 0) await this.#awaitTopics(lacking, suffices, unknownPatienceMs);
    return topics.map((name) => this.metadataCache.topic(name) as TopicMetadata);
  }

  async #awaitTopics(
    topics: readonly string[],
    suffices: (topic: TopicMetadata | undefined) => boolean,
    unknownPatienceMs?: number,
  ): Promise<void> {
    const { requestTimeoutMs } = this.settings;
    const startedMs = this.clock.monotonicMs();
    const patienceMs = unknownPatienceMs ?? Math.min(UNKNOWN_TOPIC_PATIENCE_MS, requestTimeoutMs / 2);
    await retrying(this.retryContext(), `Metadata of ${topics.join(', ')}`, requestTimeoutMs, async () => {
      await this.refreshMetadata(topics);
      for (const name of topics) {
        if (suffices(this.metadataCache.topic(name))) continue;
        const code = this.metadataCache.errorOf(name);
        const waitedMs = this.clock.monotonicMs() - startedMs;
        if (code === ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION && waitedMs >= patienceMs) {
          const message = `topic '${name}' does not exist (${errorName(code)}): create it or correct its name`;
          throw new FatalError('MR_BROKER_REFUSED', message, { place: { topic: name } });
        }
        throw code === ErrorCodes.NONE
          ? new TransientError('MR_BROKER_UNAVAILABLE', `a partition of '${name}' has no leader`, {
              place: { topic: name },
            })
          : brokerError(code, `Metadata of topic '${name}'`, { topic: name });
      }
    });
  }

  async #firstReachable(): Promise<BrokerLink> {
    const failures: unknown[] = [];
    for (const link of this.#bootstrapLinks) {
      try {
        await link.capabilities();
        return link;
      } catch (error) {
        if (error instanceof FatalError) throw error;
        failures.push(error);
      }
    }
    const addresses = this.settings.bootstrap.map(({ host, port }) => `${host}:${port}`).join(', ');
    const cause = failures.length === 1 ? failures[0] : new AggregateError(failures, 'no bootstrap broker answers');
    throw new TransientError('MR_BROKER_UNAVAILABLE', `no broker answers at ${addresses}`, { cause });
  }

  /**
   * A random broker of the metadata; a bootstrap address with every third choice once one has failed. Choices are counted across calls:
   * a broker that is silent uses up the patience of a whole call.
   */
  #someLink(): BrokerLink {
    if (!this.#running) throw stoppedError('the cluster');
    const { nodeIds } = this.metadataCache;
    if (this.#fruitlessChoices > 0) this.#fruitlessChoices++;
    if (nodeIds.length > 0 && (this.#fruitlessChoices === 0 || this.#fruitlessChoices % 3 !== 0)) {
      return this.link(nodeIds[nextInt(this.random, nodeIds.length)] as number);
    }
    return this.#bootstrapLinks[nextInt(this.random, this.#bootstrapLinks.length)] as BrokerLink;
  }

  #age(): void {
    const refresh = (): void => {
      const rearm = (): void => {
        if (this.#running) this.#age();
      };
      // A failure leaves the old knowledge in place; whoever depends on it finds out by its own requests.
      this.refreshMetadata(this.metadataCache.topicNames).then(rearm, rearm);
    };
    this.#ageing = this.clock.setTimer(this.settings.metadataMaxAgeMs, refresh, { unref: true });
  }
}

function isKnown(topic: TopicMetadata | undefined): topic is TopicMetadata {
  return topic !== undefined && topic.partitions.length > 0;
}

function isComplete(topic: TopicMetadata | undefined): boolean {
  return isKnown(topic) && topic.partitions.every(({ leaderId }) => leaderId >= 0);
}

/** An empty list asks for the brokers alone. */
function metadataRequest(topics: readonly string[] | 'all') {
  return {
    topics: topics === 'all' ? null : topics.map((name) => ({ name })),
    allowAutoTopicCreation: false,
  };
}
