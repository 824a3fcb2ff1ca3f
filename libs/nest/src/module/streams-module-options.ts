import type { FactoryProvider, ModuleMetadata } from '@nestjs/common';
import type { StreamsAppOptions } from '@millrace/runtime';

/** How to run the topologies and sinks of an application. */
export interface StreamsModuleOptions extends Omit<StreamsAppOptions, 'topologies'> {
  /** `false` leaves starting to the caller (`StreamsRunner.start`). Default: started on application bootstrap. */
  readonly autoStart?: boolean;
}

/** {@link StreamsModuleOptions} that depend on other providers. */
export interface StreamsModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  /** Tells applications of one process apart. Default: `default`. */
  readonly name?: string;
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...dependencies: never[]) => StreamsModuleOptions | Promise<StreamsModuleOptions>;
}
