import type { ObjectStore, PutResult } from '@millrace/archive';
import { TransientError } from '@millrace/kernel';

/** A store whose n-th `put` fails: before it has an effect, or after, so that only the answer is lost. */
export class FaultyStore implements ObjectStore {
  readonly #store: ObjectStore;
  readonly #failsAt: number;
  readonly #when: 'before' | 'after';
  /** How many puts were asked for. */
  puts = 0;
  /** Whether the fault happened. */
  hasFired = false;
  readonly get: ObjectStore['get'];
  readonly head: ObjectStore['head'];
  readonly list: ObjectStore['list'];
  readonly delete: ObjectStore['delete'];

  /** @param failsAt Counts from 1; 0: never. */
  constructor(store: ObjectStore, failsAt: number, when: 'before' | 'after') {
    this.#store = store;
    this.#failsAt = failsAt;
    this.#when = when;
    this.get = store.get.bind(store);
    this.head = store.head.bind(store);
    this.list = store.list.bind(store);
    this.delete = store.delete.bind(store);
  }

  async put(...args: Parameters<ObjectStore['put']>): Promise<PutResult> {
    const fails = ++this.puts === this.#failsAt;
    if (fails && this.#when === 'before') throw this.#fire();
    const result = await this.#store.put(...args);
    if (fails) throw this.#fire();
    return result;
  }

  #fire(): TransientError {
    this.hasFired = true;
    return new TransientError('MR_DEPENDENCY_UNAVAILABLE', 'a fault that was put there');
  }
}
