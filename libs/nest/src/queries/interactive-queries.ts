import { Injectable } from '@nestjs/common';
import { FatalError } from '@millrace/kernel';
import {
  storeReads,
  type KeyValueQueries,
  type SessionQueries,
  type StoreQueries,
  type VersionedQueries,
  type WindowQueries,
} from '@millrace/runtime';
import { StreamsRegistry } from '../module/streams-registry.js';
import { DEFAULT_APP } from '../module/tokens.js';

/**
 * Reads of the stores of the topologies of this process, wherever in the group the keys are.
 *
 * ```ts
 * const hours = await this.queries.windows<string, AirportHour>('airport-hours').fetch('JFK', { fromMs, toMs });
 * ```
 *
 * Stores can be read once the application is bootstrapped. What other members keep is reached where `advertisedUrl` is set and
 * `QueriesModule.forRoot` serves the store.
 */
@Injectable()
export class InteractiveQueries {
  constructor(private readonly registry: StreamsRegistry) {}

  keyValue<K, V>(store: string, app = DEFAULT_APP): KeyValueQueries<K, V> {
    return storeReads<K, V>(store, () => this.of(app));
  }

  versioned<K, V>(store: string, app = DEFAULT_APP): VersionedQueries<K, V> {
    return storeReads<K, V>(store, () => this.of(app));
  }

  windows<K, V>(store: string, app = DEFAULT_APP): WindowQueries<K, V> {
    return storeReads<K, V>(store, () => this.of(app));
  }

  sessions<K, V>(store: string, app = DEFAULT_APP): SessionQueries<K, V> {
    return storeReads<K, V>(store, () => this.of(app));
  }

  /** @throws {FatalError} (stop-app) `MR_LIFECYCLE_ORDER` before the application is bootstrapped, or when none has that name. */
  of(app = DEFAULT_APP): StoreQueries {
    const queries = this.registry.get(app)?.app?.queries;
    if (queries !== undefined) return queries;
    throw new FatalError(
      'MR_LIFECYCLE_ORDER',
      `no topology runs in the streams application '${app}' yet: query after the bootstrap, or correct the name`,
    );
  }
}
