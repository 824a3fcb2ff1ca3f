import type { Timer } from '@millrace/kernel';
import { ErrorCodes } from '@millrace/protocol';
import { brokerError, mayBeRepeated } from '../errors/broker-errors.js';
import { heartbeat, type GroupContext } from './group-requests.js';

/** What heartbeats tell of the membership. */
export interface HeartbeatEvents {
  /** The group rebalances: join again. Told with every heartbeat until then. */
  rebalancing(): void;
  /** The membership has ended, or may not go on. */
  ended(error: Error): void;
}

/** Tells the coordinator that a member is alive, on a connection of its own and whatever else the member does. */
export class Heartbeats {
  readonly #context: GroupContext;
  readonly #events: HeartbeatEvents;
  #term = 0;
  #timer: Timer | undefined;

  constructor(context: GroupContext, events: HeartbeatEvents) {
    this.#context = context;
    this.#events = events;
  }

  /** Begins to beat for a generation, instead of any before it. */
  start(generationId: number, memberId: string): void {
    this.stop();
    this.#next(this.#term, generationId, memberId);
  }

  /** Beats no more; an answer that is still to come is ignored. */
  stop(): void {
    this.#term++;
    this.#timer?.cancel();
  }

  #next(term: number, generationId: number, memberId: string, delayMs = this.#context.times.heartbeatIntervalMs): void {
    this.#timer = this.#context.cluster.clock.setTimer(delayMs, () => {
      this.#beat(term, generationId, memberId).then(
        (goOn) => {
          if (goOn && term === this.#term) this.#next(term, generationId, memberId);
        },
        (error: Error) => {
          if (term !== this.#term) return;
          // The coordinator is out of reach or moving: the session goes on for a while, so it is worth another try soon.
          if (mayBeRepeated(error)) this.#next(term, generationId, memberId, this.#retryMs());
          else this.#events.ended(error);
        },
      );
    });
  }

  async #beat(term: number, generationId: number, memberId: string): Promise<boolean> {
    const errorCode = await heartbeat(this.#context, generationId, memberId);
    if (term !== this.#term || errorCode === ErrorCodes.NONE) return true;
    if (errorCode === ErrorCodes.REBALANCE_IN_PROGRESS) {
      this.#events.rebalancing();
      return true;
    }
    throw brokerError(errorCode, `Heartbeat of group '${this.#context.groupId}'`);
  }

  #retryMs(): number {
    return Math.min(this.#context.times.heartbeatIntervalMs, this.#context.cluster.settings.retryBackoffMaxMs);
  }
}
