import type { MessageHandler } from '@nestjs/microservices';
import { matches } from './consume/topic-selection.js';
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
  const name = nameOf(pattern);
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

/**
 * Adds a sentence to `problems` for every pattern whose delivery would be passed over because no topic has its name: where a
 * deserializer finds patterns in records, records are handed over as their topic says, before their pattern is known.
 *
 * @param topics what is read.
 * @param defaults how the records of all other topics are delivered.
 */
export function findPassedOver(
  deliveries: ReadonlyMap<HandlerPattern, Delivery>,
  topics: readonly HandlerPattern[],
  defaults: ResolvedDelivery,
  problems: string[],
): void {
  const otherwise: Delivery = { ...defaults, batch: false };
  for (const [pattern, delivery] of deliveries) {
    const own = (Object.keys(delivery) as (keyof Delivery)[]).filter((name) => delivery[name] !== otherwise[name]);
    if (own.length === 0 || topics.some((topic) => mayBeOf(pattern, topic))) continue;
    const remedy = delivery.batch
      ? 'make the topic its pattern'
      : "set the server's delivery, or make the topic its pattern";
    problems.push(
      `the handler of ${nameOf(pattern)}: its extras (${own.join(', ')}) would be passed over: no topic that is read has this name, and how records are handed over is decided before the deserializer finds their pattern: ${remedy}`,
    );
  }
}

/** Whether a topic that is read, or one that a regular expression for topics may find, has a pattern's delivery. */
function mayBeOf(pattern: HandlerPattern, topic: HandlerPattern): boolean {
  if (pattern instanceof RegExp) return topic instanceof RegExp || matches(pattern, topic);
  return topic instanceof RegExp ? matches(topic, pattern) : topic === pattern;
}

function nameOf(pattern: HandlerPattern): string {
  return pattern instanceof RegExp ? String(pattern) : `'${pattern}'`;
}

function* chain(head: MessageHandler): Generator<MessageHandler> {
  for (let handler: MessageHandler | undefined = head; handler !== undefined;) {
    yield handler;
    handler = handler.next as MessageHandler | undefined;
  }
}
