import { RecordProducer, Cluster, type ClusterOptions } from '@millrace/client';
import type { BeforeApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { EventDestinationOptions } from './event-destination.js';
import type { AcknowledgingDestination } from './event-gateway.js';

/** The gateway's own producer: idempotent, waiting for all in-sync replicas, started and stopped with the application. */
export class GatewayProducer implements AcknowledgingDestination, OnModuleInit, BeforeApplicationShutdown {
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
    try {
      await this.#producer?.stop();
    } finally {
      await this.#cluster.stop();
    }
  }

  send(topic: string, key: Uint8Array | null, value: Uint8Array | null, options: EventDestinationOptions): void {
    this.#started.send(topic, key, value, options);
  }

  flush(): Promise<void> {
    return this.#started.flush();
  }

  get #started(): RecordProducer {
    if (this.#producer !== undefined) return this.#producer;
    throw new Error('the gateway takes events only after the application has started');
  }
}
