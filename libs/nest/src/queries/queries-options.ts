import type { Duration } from '@millrace/kernel';
import type { CanActivate, ModuleMetadata, Type } from '@nestjs/common';

/** What is served over HTTP, and how. */
export interface QueriesModuleOptions {
  /** The stores that are served, by name; nothing else can be read over HTTP, by clients or by other members. */
  readonly stores: readonly string[];
  /** Where the routes begin. Default `queries`. The path of `advertisedUrl`. */
  readonly path?: string;
  /** The streams application, as named in `StreamsModule.forRoot`. Default: `default`. */
  readonly app?: string;
  /** How long other members may take. Default 5 s. */
  readonly timeout?: Duration;
  /** The most rows of one answer. Default 1000. */
  readonly maxRows?: number;
  /**
   * Guards before all routes, those of other members too: give these credentials by `queryTransport`. Default: none but the
   * application's global ones.
   */
  readonly guards?: readonly (Type<CanActivate> | CanActivate)[];
  /** The modules whose providers the guards inject. */
  readonly imports?: ModuleMetadata['imports'];
}

/** {@link QueriesModuleOptions} with every default in place. */
export interface QueriesSettings {
  readonly stores: ReadonlySet<string>;
  readonly app: string;
  readonly timeout: Duration;
  readonly maxRows: number;
}

/** Token of {@link QueriesSettings}. */
export const QUERIES_SETTINGS = Symbol('millrace:queries-settings');
