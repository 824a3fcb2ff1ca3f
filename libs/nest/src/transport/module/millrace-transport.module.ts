import { Module, type DynamicModule, type FactoryProvider, type ModuleMetadata } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { MillraceServer } from '../millrace-server.js';
import { MILLRACE_SERVERS, TransportHealth, TransportHealthIndicator, TransportServers } from './transport-servers.js';

/** Servers that need providers of the application, such as its configuration. */
export interface MillraceTransportAsyncOptions
  extends Pick<ModuleMetadata, 'imports'>, Pick<FactoryProvider, 'inject'> {
  readonly useFactory: (...dependencies: never[]) => readonly MillraceServer[] | Promise<readonly MillraceServer[]>;
}

/**
 * Health and an orderly end for the servers of an application; import it last, so that it is ended first.
 *
 * ```ts
 * const orders = new MillraceServer({ groupId: 'orders', cluster });
 * @Module({ imports: [DatabaseModule, MillraceTransportModule.forRoot([orders])], controllers: [Orders] })
 * export class AppModule {}
 *
 * for (const strategy of app.get(TransportServers).all) app.connectMicroservice({ strategy });
 * ```
 */
@Module({})
export class MillraceTransportModule {
  static forRoot(servers: readonly MillraceServer[]): DynamicModule {
    return MillraceTransportModule.forRootAsync({ useFactory: () => servers });
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: MillraceTransportAsyncOptions): DynamicModule {
    return {
      module: MillraceTransportModule,
      imports: [TerminusModule, ...imports],
      providers: [
        { provide: MILLRACE_SERVERS, inject, useFactory: useFactory as FactoryProvider['useFactory'] },
        TransportServers,
        TransportHealth,
        TransportHealthIndicator,
      ],
      exports: [TerminusModule, TransportServers, TransportHealth, TransportHealthIndicator],
    };
  }
}
