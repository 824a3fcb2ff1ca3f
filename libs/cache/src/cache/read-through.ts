import { toMs, type Clock, type Duration, type Random } from '@millrace/kernel';
import { cacheChannels, type LoadEvent, type StoreFailedEvent } from '../diagnostics/channels.js';
import { errorName } from '../diagnostics/error-name.js';
import type { Entry, EntryStore } from '../store/entry-store.js';
import type { Cache, EntryOptions, LoadOptions } from './cache.js';
import { isDueEarly } from './early-expiry.js';

/** What {@link ReadThrough} needs. */
export interface ReadThroughOptions {
  readonly name: string;
  readonly ttl: Duration;
  readonly store: EntryStore;
  readonly clock: Clock;
  readonly random: Random;
}

/** A load that is under way, which everybody shares who asks for its key. */
interface Flight {
  readonly result: Promise<unknown>;
  /** Set when the key is written meanwhile: what was loaded is older than that and must not replace it. */
  isOutdated: boolean;
}

/** Entries lose up to this share of their time, at random. */
const TTL_JITTER = 0.1;

/**
 * What all caches have in common, on whatever store: expiry, single flight, early refresh, and going on without the store.
 *
 * Invariants: at most one load per key is under way here; a load that began before a write of its key never overwrites it.
 */
export class ReadThrough implements Omit<Cache, 'isAvailable'> {
  readonly name: string;
  readonly #ttlMs: number;
  readonly #store: EntryStore;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #flights = new Map<string, Flight>();

  constructor({ name, ttl, store, clock, random }: ReadThroughOptions) {
    this.name = name;
    this.#ttlMs = toMs(ttl);
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
  }

  async get<T>(key: string): Promise<T | undefined> {
    const entry = await this.#read(key);
    this.#lookedUp(entry);
    return valueOf<T>(entry);
  }

  async set(key: string, value: unknown, { ttl }: EntryOptions = {}): Promise<void> {
    this.#outdateFlight(key);
    await this.#write(key, value, 0, ttl === undefined ? this.#ttlMs : toMs(ttl));
  }

  async delete(key: string): Promise<void> {
    this.#outdateFlight(key);
    await this.#orReport('delete', () => this.#store.delete(key));
  }

  async getOrLoad<T>(
    key: string,
    load: () => Promise<T | undefined>,
    options: LoadOptions = {},
  ): Promise<T | undefined> {
    const entry = await this.#read(key);
    if (entry !== undefined) {
      this.#lookedUp(entry);
      if (isDueEarly(entry, this.#clock.nowMs(), this.#random)) {
        // Nobody waits for it, and a failure is on the diagnostics channel; the next reader tries again.
        this.#fly(key, load, options, true).catch(() => undefined);
      }
      return valueOf<T>(entry);
    }
    const flight = this.#flights.get(key);
    cacheChannels.lookup.publish({ cache: this.name, result: flight === undefined ? 'miss' : 'shared' });
    return copyOf((await (flight?.result ?? this.#fly(key, load, options, false))) as T | undefined);
  }

  #fly<T>(key: string, load: () => Promise<T>, options: LoadOptions, isEarly: boolean): Promise<T> {
    const existing = this.#flights.get(key);
    if (existing !== undefined) return existing.result as Promise<T>;
    const flight: Flight = {
      result: this.#load(load, isEarly, (value, loadMs) => this.#keep(key, flight, value, loadMs, options)),
      isOutdated: false,
    };
    this.#flights.set(key, flight);
    const land = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.result.then(land, land);
    return flight.result as Promise<T>;
  }

  async #load<T>(
    load: () => Promise<T>,
    isEarly: boolean,
    keep: (value: T, loadMs: number) => Promise<void>,
  ): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    let outcome: LoadEvent['outcome'] = 'failed';
    let durationMs: number;
    let value: T;
    try {
      value = await load();
      outcome = value === undefined ? 'nothing' : 'loaded';
    } finally {
      durationMs = this.#clock.monotonicMs() - startedMs;
      cacheChannels.load.publish({ cache: this.name, outcome, isEarly, durationMs });
    }
    await keep(value, durationMs);
    return value;
  }

  async #keep(key: string, flight: Flight, value: unknown, loadMs: number, options: LoadOptions): Promise<void> {
    const ttl = value === undefined ? options.negativeTtl : (options.ttl ?? this.#ttlMs);
    if (ttl !== undefined && !flight.isOutdated) await this.#write(key, value, loadMs, toMs(ttl));
  }

  #outdateFlight(key: string): void {
    const flight = this.#flights.get(key);
    if (flight === undefined) return;
    flight.isOutdated = true;
    this.#flights.delete(key);
  }

  async #read(key: string): Promise<Entry | undefined> {
    const entry = await this.#orReport('read', () => this.#store.read(key));
    return entry !== undefined && entry.expiresAtMs > this.#clock.nowMs() ? entry : undefined;
  }

  async #write(key: string, value: unknown, loadMs: number, fullTtlMs: number): Promise<void> {
    const ttlMs = fullTtlMs * (1 - TTL_JITTER * this.#random.next());
    const expiresAtMs = this.#clock.nowMs() + ttlMs;
    const entry = value === undefined ? { expiresAtMs, loadMs } : { json: JSON.stringify(value), expiresAtMs, loadMs };
    await this.#orReport('write', () => this.#store.write(key, entry, ttlMs));
  }

  async #orReport<T>(operation: StoreFailedEvent['operation'], work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      cacheChannels.storeFailed.publish({ cache: this.name, operation, error: errorName(error) });
      return undefined;
    }
  }

  #lookedUp(entry: Entry | undefined): void {
    const result = entry === undefined ? 'miss' : entry.json === undefined ? 'negative-hit' : 'hit';
    cacheChannels.lookup.publish({ cache: this.name, result });
  }
}

function valueOf<T>(entry: Entry | undefined): T | undefined {
  return entry?.json === undefined ? undefined : (JSON.parse(entry.json) as T);
}

/** What somebody loads is shared by all who wait for it, so each gets it as it would come out of the cache. */
function copyOf<T>(value: T | undefined): T | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as T);
}
