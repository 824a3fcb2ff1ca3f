import { nextInt, type ByteStream, type Random } from '@millrace/kernel';
import type { SimulatedHost } from './simulated-host.js';
import type { VirtualTime } from './virtual-time.js';

/** Where bytes go. */
export type Direction = 'to-broker' | 'to-client';

/** What a link asks of the network that it belongs to. */
export interface LinkSurroundings {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly host: SimulatedHost;
  /** Longest delay of a chunk, in milliseconds. */
  readonly maxDelayMs: number;
  /** Sees what is about to arrive, as it is and in its order. */
  readonly arriving: (direction: Direction, bytes: Buffer) => void;
  /** Sees what a side is about to send; returns what is really sent, or nothing when it is lost. */
  readonly sending: (direction: Direction, bytes: Buffer) => Buffer | undefined;
  readonly ended: () => void;
}

/** A connection between a host and the broker: two ends, and a pipe each way that delays, holds and loses. */
export class SimulatedLink {
  readonly client: LinkEnd;
  readonly broker: LinkEnd;
  readonly #surroundings: LinkSurroundings;
  #isOver = false;

  constructor(surroundings: LinkSurroundings) {
    this.#surroundings = surroundings;
    const { host } = surroundings;
    const toBroker = new Pipe(surroundings, 'to-broker', () => host.isCutOut);
    const toClient = new Pipe(surroundings, 'to-client', () => host.isCutIn || host.state === 'frozen');
    this.client = new LinkEnd(toBroker, toClient, () => this.#over());
    this.broker = new LinkEnd(toClient, toBroker, () => this.#over());
  }

  /** Something that held chunks back may have ended. */
  flow(): void {
    this.client.outgoing.flow();
    this.broker.outgoing.flow();
  }

  /** Ends the connection for both sides at once; what is on its way is lost. */
  reset(): void {
    this.client.outgoing.drop();
    this.broker.outgoing.drop();
    this.client.finish(new Error('the connection was reset'));
    this.broker.finish(new Error('the connection was reset'));
  }

  /** Ends the connection for the client; what it has sent arrives all the same, late, and is acted on. */
  resetWithLateArrival(delayMs: number): void {
    this.broker.outgoing.drop();
    this.client.finish(new Error('the connection was reset'));
    this.client.outgoing.delay(delayMs);
    this.client.outgoing.close();
  }

  /** The client's process is gone without a word. @param isFlushed whether what it sent last still arrives. */
  abandon(isFlushed: boolean): void {
    this.client.silence();
    this.broker.outgoing.drop();
    if (!isFlushed) this.client.outgoing.drop();
    this.client.outgoing.close();
  }

  #over(): void {
    if (this.#isOver || !this.client.isClosed || !this.broker.isClosed) return;
    this.#isOver = true;
    this.#surroundings.ended();
  }
}

/** One way of a link: chunks arrive in order, each at its time, unless something holds them. */
class Pipe {
  readonly #surroundings: LinkSurroundings;
  readonly #direction: Direction;
  readonly #isHeld: () => boolean;
  #chunks: { readonly dueMs: number; readonly bytes: Buffer | undefined }[] = [];
  #lastDueMs = 0;
  #isArmed = false;
  #isDropped = false;
  target!: LinkEnd;

  constructor(surroundings: LinkSurroundings, direction: Direction, isHeld: () => boolean) {
    this.#surroundings = surroundings;
    this.#direction = direction;
    this.#isHeld = isHeld;
  }

  send(bytes: Buffer): void {
    const sent = this.#surroundings.sending(this.#direction, bytes);
    if (sent !== undefined) this.#put(sent);
  }

  /** After what was sent, the other end sees the end. */
  close(): void {
    this.#put(undefined);
  }

  /** What is on its way takes so much longer. */
  delay(ms: number): void {
    this.#chunks = this.#chunks.map(({ dueMs, bytes }) => ({ dueMs: dueMs + ms, bytes }));
    this.#lastDueMs += ms;
  }

  /** What is on its way never arrives; what is sent from now on does. */
  drop(): void {
    this.#chunks = [];
  }

  /** Nothing is ever taken again. */
  end(): void {
    this.#isDropped = true;
    this.#chunks = [];
  }

  flow(): void {
    this.#arm();
  }

  #put(bytes: Buffer | undefined): void {
    if (this.#isDropped) return;
    const { time, random, maxDelayMs } = this.#surroundings;
    const dueMs = Math.max(this.#lastDueMs, time.monotonicMs() + 1 + nextInt(random, maxDelayMs));
    this.#lastDueMs = dueMs;
    this.#chunks.push({ dueMs, bytes });
    this.#arm();
  }

  #arm(): void {
    const { time } = this.#surroundings;
    const head = this.#chunks[0];
    if (this.#isArmed || head === undefined || this.#isHeld()) return;
    this.#isArmed = true;
    time.setTimer(head.dueMs - time.monotonicMs(), () => {
      this.#isArmed = false;
      this.#arrive();
    });
  }

  #arrive(): void {
    const head = this.#chunks[0];
    if (head !== undefined && !this.#isHeld() && head.dueMs <= this.#surroundings.time.monotonicMs()) {
      this.#chunks.shift();
      if (head.bytes === undefined) this.target.finish(new Error('the other end is gone'));
      else {
        this.#surroundings.arriving(this.#direction, head.bytes);
        this.target.receive(head.bytes);
      }
    }
    this.#arm();
  }
}

/** One end of a {@link SimulatedLink}. */
export class LinkEnd implements ByteStream {
  readonly outgoing: Pipe;
  readonly #ended: () => void;
  #onData: (chunk: Buffer) => void = () => undefined;
  #onClose: (error?: Error) => void = () => undefined;
  #isPaused = false;
  #waiting: Buffer[] = [];
  isClosed = false;

  constructor(outgoing: Pipe, incoming: Pipe, ended: () => void) {
    this.outgoing = outgoing;
    this.#ended = ended;
    incoming.target = this;
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.isClosed) return false;
    this.outgoing.send(Buffer.concat(chunks));
    return true;
  }

  onData(handler: (chunk: Buffer) => void): void {
    this.#onData = handler;
  }

  /** Never called: a simulated link takes everything at once. */
  onDrain(): void {}

  onClose(handler: (error?: Error) => void): void {
    this.#onClose = handler;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#deliver();
  }

  end(): void {
    this.destroy();
  }

  destroy(error?: Error): void {
    if (this.isClosed) return;
    this.outgoing.close();
    this.finish(error);
  }

  receive(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#deliver();
  }

  finish(error?: Error): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#waiting = [];
    this.#onClose(error);
    this.#ended();
  }

  /** Ends without telling its owner, who is no more. */
  silence(): void {
    this.#onClose = () => undefined;
    this.finish();
  }

  #deliver(): void {
    while (!this.#isPaused && !this.isClosed) {
      const chunk = this.#waiting.shift();
      if (chunk === undefined) return;
      this.#onData(chunk);
    }
  }
}
