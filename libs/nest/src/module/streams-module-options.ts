import type { FactoryProvider, ModuleMetadata } from '@nestjs/common';
import type { Duration } from '@millrace/kernel';
import type { StreamsAppOptions } from '@millrace/runtime';

/** How to run the topologies and sinks of an application. */
export interface StreamsModuleOptions extends Omit<StreamsAppOptions, 'topologies'> {
  /** `false` leaves starting to the caller (`StreamsRunner.start`). Default: started on application bootstrap. */
  readonly autoStart?: boolean;
  /** How long the shutdown waits for the last commit and for leaving the group. Default 30 s. */
  readonly shutdownTimeout?: Duration;
}

/** {@link StreamsModuleOptions} that depend on other providers. */
export interface StreamsModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Tells applications of one process apart. Default: `default`. */
  readonly name?: string;
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...dependencies: never[]) => StreamsModuleOptions | Promise<StreamsModuleOptions>;
}
