import type { MessageHandler } from '@nestjs/microservices';
import { resolveDelivery, type Delivery, type HandlerExtras, type ResolvedDelivery } from './delivery-options.js';

/** A pattern of a handler: a topic, or a regular expression for topics. */
export type HandlerPattern = string | RegExp;

/** The delivery that the handlers of a pattern ask for. Adds a sentence to `problems` for everything that is wrong. */
export function deliveryOf(
  pattern: HandlerPattern,
  head: MessageHandler,
  defaults: ResolvedDelivery,
  problems: string[],
): Delivery {
  const name = pattern instanceof RegExp ? String(pattern) : `'${pattern}'`;
  const deliveries: Delivery[] = [];
  for (const handler of chain(head)) {
    const {
      batch = false,
      order,
      concurrency,
      ack,
      maxUnacknowledged,
      maxBatchRecords,
    } = (handler.extras ?? {}) as HandlerExtras;
    const given = { order, concurrency, ack, maxUnacknowledged, maxBatchRecords };
    const said = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const where = `the handler of ${name}`;
    deliveries.push({ batch, ...resolveDelivery(said, where, problems, defaults) });
    if (batch && handler.isEventHandler !== true)
      problems.push(`${where}: a request has one answer, so it cannot be handled in batches: use @EventPattern`);
  }
  const [first] = deliveries as [Delivery, ...Delivery[]];
  if (deliveries.some((each) => JSON.stringify(each) !== JSON.stringify(first)))
    problems.push(
      `the handlers of ${name}: share the records of one topic, so they need the same extras (batch, order, concurrency, ack)`,
    );
  return first;
}

function* chain(head: MessageHandler): Generator<MessageHandler> {
  for (let handler: MessageHandler | undefined = head; handler !== undefined;) {
    yield handler;
    handler = handler.next as MessageHandler | undefined;
  }
}
