import { AGGREGATION_APP } from '@millrace/app-aggregation';
import { ARCHIVAL_APP } from '@millrace/app-archival';
import { ENRICHMENT_APP } from '@millrace/app-enrichment';
import { configureIngestHttp } from '@millrace/app-ingest';
import { NestLog, StreamsRegistry, StreamsRunner } from '@millrace/nest';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import type { PortChoice } from '../cli/options.js';
import { PipelineModule, type PipelineOptions } from './pipeline.module.js';
import { listenOn } from './port-choice.js';

/** The apps in the order in which records pass them. */
const APPS = [ENRICHMENT_APP, AGGREGATION_APP, ARCHIVAL_APP] as const;

/** The running apps. */
export class Pipeline {
  readonly #app: NestFastifyApplication;

  private constructor(app: NestFastifyApplication) {
    this.#app = app;
  }

  /** Builds the apps, starts them and serves HTTP. */
  static async start(
    options: PipelineOptions,
    port: PortChoice,
    onFallBack: (taken: number) => void,
  ): Promise<Pipeline> {
    const app = await NestFactory.create<NestFastifyApplication>(
      PipelineModule.forRoot(options),
      new FastifyAdapter(),
      {
        bodyParser: false,
        logger: new NestLog(options.logger),
        abortOnError: false,
      },
    );
    try {
      await configureIngestHttp(app, options.ingest);
      await listenOn(port, (wanted) => app.listen(wanted, '127.0.0.1'), onFallBack);
    } catch (cause) {
      await app.close();
      throw cause;
    }
    return new Pipeline(app);
  }

  /** Such as `http://127.0.0.1:3000`. */
  url(): Promise<string> {
    return this.#app.getUrl();
  }

  get dataSource(): DataSource {
    return this.#app.get(DataSource);
  }

  /** Rejects with the error that ended an app by itself; resolves when everything was stopped in order. */
  finished(): Promise<void> {
    return this.#app.get(StreamsRunner).finished();
  }

  /** Waits until every app has processed and committed all of its input, closed its last windows and filled its sinks. */
  async drained(): Promise<void> {
    const registry = this.#app.get(StreamsRegistry);
    for (const name of APPS) await registry.get(name)?.drained();
  }

  /** Ends HTTP, commits, leaves the groups and disconnects. */
  stop(): Promise<void> {
    return this.#app.close();
  }
}
