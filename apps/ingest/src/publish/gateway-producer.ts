import { RecordProducer, Cluster, type ClusterOptions } from '@millrace/client';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { RequestDestination } from './event-gateway.js';

/** The gateway's own producer: idempotent, waiting for all in-sync replicas, started and stopped with the application. */
export class GatewayProducer implements OnModuleInit, BeforeApplicationShutdown {
  readonly #cluster: Cluster;
  #producer: RecordProducer | undefined;

  constructor(options: ClusterOptions) {
    this.#cluster = new Cluster(options);
  }

  async onModuleInit(): Promise<void> {
    await this.#cluster.start();
    const producer = new RecordProducer(this.#cluster);
    await producer.start();
    this.#producer = producer;
  }

  /** Sends what is left, once no more requests come in. */
  async beforeApplicationShutdown(): Promise<void> {
    // What failed has been told to the clients of the requests that it belonged to; here only what is under way ends.
    await Promise.allSettled([this.#producer?.stop()]);
    await this.#cluster.stop();
  }

  /** A destination for the events of one request. */
  open(): RequestDestination {
    if (this.#producer !== undefined) return this.#producer.tracked();
    throw new Error('the gateway takes events only after the application has started');
  }
}
