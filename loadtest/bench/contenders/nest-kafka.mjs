/**
 * NestJS's own Kafka transport as a contender: a handler for each record that emits another one. It has no transactions, so it
 * delivers at least once: what it is measured at is less than what the others do.
 */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClientKafka, Ctx, EventPattern, Payload, Transport } from '@nestjs/microservices';
import { onStop, say, segments, work } from './work.mjs';

const { bootstrap, applicationId, input, output } = work;
const client = { clientId: applicationId, brokers: bootstrap, logLevel: 1 };
const table = segments();
const sender = new ClientKafka({ client, producerOnlyMode: true });

class EventsController {
  async handle(event, context) {
    event.segment = table.get(event.user);
    const { key, timestamp } = context.getMessage();
    await new Promise((resolve, reject) => {
      sender
        .emit(output, { key: key.toString(), value: event, timestamp })
        .subscribe({ complete: resolve, error: reject });
    });
  }
}
const descriptor = Object.getOwnPropertyDescriptor(EventsController.prototype, 'handle');
EventPattern(input)(EventsController.prototype, 'handle', descriptor);
Payload()(EventsController.prototype, 'handle', 0);
Ctx()(EventsController.prototype, 'handle', 1);
Controller()(EventsController);

class EventsModule {}
Module({ controllers: [EventsController] })(EventsModule);

await sender.connect();
const app = await NestFactory.createMicroservice(EventsModule, {
  transport: Transport.KAFKA,
  options: { client, consumer: { groupId: applicationId }, postfixId: '', subscribe: { fromBeginning: true } },
  logger: ['error'],
});
onStop(async () => {
  await app.close();
  await sender.close();
});
await app.listen();
say('running');
