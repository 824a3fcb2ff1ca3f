/**
 * The network between the hosts of a simulation and the broker.
 *
 * Each connection is a reliable, ordered stream of bytes, as TCP is: what is cut off is held back until the cut heals, and
 * a connection that is lost takes with it what was on its way. Nothing is reordered within a connection.
 */
import { createHash, type Hash } from 'node:crypto';
import { TransientError, nextInt, type ByteStream, type Dialer, type Random } from '@millrace/kernel';
import type { SimulatedBroker } from './simulated-broker.js';
import type { SimulatedHost } from './simulated-host.js';
import { SimulatedLink, type Direction } from './simulated-link.js';
import type { VirtualTime } from './virtual-time.js';

/** A request or an answer on its way. */
export interface Frame {
  readonly host: SimulatedHost;
  readonly link: SimulatedLink;
  /** Tells the links apart. */
  readonly linkId: number;
  readonly bytes: Buffer;
}

/** Who watches and disturbs the network. */
export interface NetworkObserver {
  /** A client is about to send a request. @returns what is sent instead; nothing when it is lost. */
  requestSent(frame: Frame): Buffer | undefined;
  /** The broker is about to see a request. */
  requestArrives(frame: Frame): void;
  /** The broker has answered. @returns what is sent instead; nothing when it is lost. */
  answerSent(frame: Frame): Buffer | undefined;
}

/** How the network behaves. */
export interface NetworkOptions {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly broker: SimulatedBroker;
  readonly observer: NetworkObserver;
  /** Longest delay of a chunk, in milliseconds. */
  readonly maxDelayMs: number;
}

/** See the head of this file. */
export class SimulatedNetwork {
  readonly #options: NetworkOptions;
  readonly #links = new Map<SimulatedLink, SimulatedHost>();
  readonly #trace: Hash = createHash('sha256');
  #linkCount = 0;

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Stands for everything that went over the network so far, and when. */
  digest(): string {
    return this.#trace.copy().digest('hex');
  }

  /** How a host reaches the broker. */
  dialer(host: SimulatedHost): Dialer {
    return { dial: (_host, _port, { timeoutMs }) => this.#dial(host, timeoutMs) };
  }

  /** The open connections of a host. */
  linksOf(host: SimulatedHost): SimulatedLink[] {
    return [...this.#links].filter(([, owner]) => owner === host).map(([link]) => link);
  }

  /** Holds back what a host sends, what is sent to it, or both, until {@link heal}. */
  cut(host: SimulatedHost, directions: readonly Direction[]): void {
    host.isCutOut = directions.includes('to-broker');
    host.isCutIn = directions.includes('to-client');
  }

  /** Ends a cut: what was held back goes on. */
  heal(host: SimulatedHost): void {
    host.isCutOut = false;
    host.isCutIn = false;
    this.flow(host);
  }

  /** Something that held a host's chunks back may have ended. */
  flow(host: SimulatedHost): void {
    for (const link of this.linksOf(host)) link.flow();
  }

  /** The host's process has died: its connections end without a word of it. */
  abandon(host: SimulatedHost): void {
    for (const link of this.linksOf(host)) link.abandon(this.#options.random.next() < 0.5);
  }

  /** Loses all connections, whoever they belong to. */
  resetAll(): void {
    for (const link of [...this.#links.keys()]) link.reset();
  }

  #dial(host: SimulatedHost, timeoutMs: number): Promise<ByteStream> {
    const { random, maxDelayMs, broker } = this.#options;
    return new Promise((resolve, reject) => {
      host.setTimer(1 + nextInt(random, maxDelayMs), () => {
        if (!broker.isUp) {
          reject(new TransientError('MR_NETWORK_DISCONNECTED', 'the broker is down'));
          return;
        }
        if (!host.isCutIn && !host.isCutOut) {
          resolve(this.#connect(host));
          return;
        }
        const late = new TransientError('MR_NETWORK_TIMEOUT', `no connection within ${timeoutMs} ms`);
        host.setTimer(timeoutMs, () => reject(late));
      });
    });
  }

  #connect(host: SimulatedHost): ByteStream {
    const { time, random, broker, observer, maxDelayMs } = this.#options;
    const linkId = ++this.#linkCount;
    const frame = (bytes: Buffer): Frame => ({ host, link, linkId, bytes });
    const link: SimulatedLink = new SimulatedLink({
      time,
      random,
      host,
      maxDelayMs,
      sending: (direction, bytes) =>
        direction === 'to-broker' ? observer.requestSent(frame(bytes)) : observer.answerSent(frame(bytes)),
      arriving: (direction, bytes) => {
        this.#trace.update(`${time.monotonicMs()} ${linkId} ${direction} `).update(bytes);
        if (direction === 'to-broker') observer.requestArrives(frame(bytes));
      },
      ended: () => this.#links.delete(link),
    });
    this.#links.set(link, host);
    broker.attach(link.broker, host.name);
    return link.client;
  }
}
