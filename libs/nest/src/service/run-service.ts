import { describeError, isMillraceError } from '@millrace/kernel';
import { HealthModule, ObservabilityModule, createLogger, type HealthIndicator } from '@millrace/observability';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { StreamsCoreModule } from '../module/streams.module.js';
import { StreamsRunner } from '../module/streams-runner.js';
import { NestLog } from './nest-log.js';
import { StreamsHealth, StreamsHealthIndicatorModule } from './streams-health.js';

/** What the process of an app says when it ends. */
export const SERVICE_EXIT_CODES = {
  /** Stopped in order by a signal. */
  ok: 0,
  /** A setting is wrong or missing; all of them are listed. */
  configuration: 2,
  /** Something did not start: a port in use, a broker or database out of reach. */
  startFailed: 4,
  /** A topology or sink ended by itself. */
  failed: 5,
} as const;

/** An app as a process of its own. */
export interface ServiceOptions {
  /** Name of the service in logs and metrics. */
  readonly name: string;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly logLevel: Parameters<typeof createLogger>[0]['level'];
  /** The app's modules. */
  readonly imports: readonly (DynamicModule | Type)[];
  /** Parts that have a say in `/health`, besides the streams. Default: none. */
  readonly indicators?: readonly HealthIndicator[];
  /** Prepares the HTTP server before it listens. */
  readonly configure?: (app: NestFastifyApplication) => Promise<void>;
  /** Ends what the app was given from outside, after everything else has stopped. */
  readonly afterStop?: () => Promise<void>;
}

@Module({})
class ServiceModule {}

/** Token of {@link ServiceOptions.indicators}. */
const SERVICE_INDICATORS = Symbol('service indicators');

@Module({})
class ServiceIndicatorsModule {
  static of(indicators: readonly HealthIndicator[]): DynamicModule {
    const provider = { provide: SERVICE_INDICATORS, useValue: indicators };
    return { module: ServiceIndicatorsModule, providers: [provider], exports: [SERVICE_INDICATORS] };
  }
}

/**
 * Runs an app as a process: metrics, health, logs and HTTP around its modules, until a signal stops it in order or a stream
 * ends by itself. `configure` reads the settings first, so that all problems with them are shown before anything starts.
 *
 * Never rejects: the process ends with one of {@link SERVICE_EXIT_CODES}.
 */
export async function runService(configure: () => ServiceOptions | Promise<ServiceOptions>): Promise<void> {
  let options: ServiceOptions;
  try {
    options = await configure();
  } catch (error) {
    leave(isMillraceError(error) && error.code === 'MR_CONFIG_INVALID' ? 'configuration' : 'startFailed', error);
    return;
  }
  let app: NestFastifyApplication | undefined;
  const stop = async (): Promise<void> => {
    await app?.close();
    await options.afterStop?.();
  };
  try {
    app = await create(options);
    await options.configure?.(app);
    await app.listen(options.port, options.host);
  } catch (error) {
    // The streams may run already: whoever takes over waits for no session of theirs to time out.
    await stopAndLeave(stop, 'startFailed', error);
    return;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      stop().then(
        () => process.exit(SERVICE_EXIT_CODES.ok),
        (error: unknown) => leave('failed', error),
      );
    });
  }
  try {
    await app.get(StreamsRunner).finished();
  } catch (error) {
    await stopAndLeave(stop, 'failed', error);
  }
}

async function create({
  name,
  logLevel,
  imports,
  indicators = [],
  configure,
}: ServiceOptions): Promise<NestFastifyApplication> {
  const logger = createLogger({ service: name, ...(logLevel === undefined ? {} : { level: logLevel }) });
  const root: DynamicModule = {
    module: ServiceModule,
    imports: [
      StreamsCoreModule,
      ObservabilityModule.forRoot({ service: name, logger }),
      HealthModule.forRoot({
        indicators: [StreamsHealth, SERVICE_INDICATORS],
        imports: [StreamsHealthIndicatorModule, ServiceIndicatorsModule.of(indicators)],
      }),
      ...imports,
    ],
  };
  return NestFactory.create<NestFastifyApplication>(root, new FastifyAdapter(), {
    bodyParser: configure === undefined,
    logger: new NestLog(logger),
    abortOnError: false,
  });
}

/** Stops what runs, then leaves for the reason given; an error while stopping is told too, but is not the reason. */
async function stopAndLeave(
  stop: () => Promise<void>,
  how: keyof typeof SERVICE_EXIT_CODES,
  reason: unknown,
): Promise<void> {
  process.stderr.write(`${describeError(reason)}\n`);
  await stop().catch((error: unknown) => process.stderr.write(`while stopping: ${describeError(error)}\n`));
  process.exit(SERVICE_EXIT_CODES[how]);
}

function leave(how: keyof typeof SERVICE_EXIT_CODES, error: unknown): void {
  process.stderr.write(`${describeError(error)}\n`);
  process.exit(SERVICE_EXIT_CODES[how]);
}
