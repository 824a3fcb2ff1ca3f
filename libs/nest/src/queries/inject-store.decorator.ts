import { Inject } from '@nestjs/common';
import { DEFAULT_APP } from '../module/tokens.js';

/** Token of the reads of a store. */
export function storeToken(store: string, app = DEFAULT_APP): string {
  return `millrace:store:${app}:${store}`;
}

/**
 * Injects the reads of a store that `QueriesModule.forFeature` names; declare them as the interface of the store's kind.
 *
 * ```ts
 * constructor(@InjectStore('counts') private readonly counts: KeyValueQueries<string, number>) {}
 * ```
 */
export function InjectStore(store: string, app = DEFAULT_APP): ParameterDecorator & PropertyDecorator {
  return Inject(storeToken(store, app));
}
