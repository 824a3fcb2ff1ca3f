import { Inject, Module, type DynamicModule, type OnApplicationBootstrap, type Provider } from '@nestjs/common';
import { ConfigurationError } from '@millrace/kernel';
import { storeReads } from '@millrace/runtime';
import { StreamsCoreModule } from '../module/streams.module.js';
import { DEFAULT_APP } from '../module/tokens.js';
import { storeToken } from './inject-store.decorator.js';
import { InteractiveQueries } from './interactive-queries.js';
import { queriesControllerAt } from './queries.controller.js';
import { QUERIES_SETTINGS, type QueriesModuleOptions, type QueriesSettings } from './queries-options.js';

/** Refuses to boot where a store is served that there is not. */
class ServedStores implements OnApplicationBootstrap {
  constructor(
    @Inject(QUERIES_SETTINGS) private readonly settings: QueriesSettings,
    @Inject(InteractiveQueries) private readonly interactive: InteractiveQueries,
  ) {}

  /** @throws {ConfigurationError} (stop-app) naming every store that no topology has. */
  onApplicationBootstrap(): void {
    const { app, stores, maxRows } = this.settings;
    const queries = this.interactive.of(app);
    const problems = [...stores]
      .filter((store) => !queries.has(store))
      .map((store) => `stores: no topology of the application '${app}' has a store '${store}': correct the name`);
    if (!Number.isInteger(maxRows) || maxRows < 1) problems.push(`maxRows: ${maxRows} is not a whole number above 0`);
    if (problems.length > 0) throw new ConfigurationError('the queries module', problems);
  }
}

/**
 * Serves stores over HTTP, and injects their reads.
 *
 * ```ts
 * @Module({
 *   imports: [
 *     StreamsModule.forRoot({ applicationId: 'counts', cluster, advertisedUrl: `http://${process.env.POD_IP}:3000/queries` }),
 *     QueriesModule.forRoot({ stores: ['counts'] }),
 *   ],
 * })
 * export class CountsModule {}
 * ```
 *
 * Whoever reaches the routes can read the stores: put `guards` before them where that is not everybody.
 */
@Module({})
export class QueriesModule {
  /** Serves the stores that it names, and no other, to clients and to the other members. */
  static forRoot(options: QueriesModuleOptions): DynamicModule {
    const { stores, path = 'queries', app = DEFAULT_APP, timeout = '5s', maxRows = 1_000 } = options;
    const { guards = [], imports = [] } = options;
    const settings: QueriesSettings = { stores: new Set(stores), app, timeout, maxRows };
    return {
      module: QueriesModule,
      imports: [StreamsCoreModule, ...imports],
      controllers: [queriesControllerAt(path, guards)],
      providers: [InteractiveQueries, ServedStores, { provide: QUERIES_SETTINGS, useValue: settings }],
      exports: [InteractiveQueries],
    };
  }

  /** Provides what `@InjectStore` injects, and `InteractiveQueries`; opens no route. */
  static forFeature(stores: readonly string[], app = DEFAULT_APP): DynamicModule {
    const reads = stores.map((store): Provider => ({
      provide: storeToken(store, app),
      inject: [InteractiveQueries],
      useFactory: (interactive: InteractiveQueries) => storeReads(store, () => interactive.of(app)),
    }));
    return {
      module: QueriesModule,
      imports: [StreamsCoreModule],
      providers: [InteractiveQueries, ...reads],
      exports: [InteractiveQueries, ...stores.map((store) => storeToken(store, app))],
    };
  }
}
