/** How records of a partition are handed to a handler. Other partitions go on at the same time. */
export interface DeliveryOptions {
  /**
   * `partition`: one after the other. `key`: several at once, but those of one key one after the other; records without key
   * have no order. Default `partition`.
   */
  readonly order?: 'partition' | 'key';
  /** With `order: 'key'`: most records of a partition that are under way. Default 16. */
  readonly concurrency?: number;
  /**
   * `auto`: a record is done when its handler has ended. `manual`: when `context.ack()` was called, which may be later.
   * Default `auto`. Kafka consumers: `enable.auto.commit`.
   */
  readonly ack?: 'auto' | 'manual';
  /**
   * With `ack: 'manual'`: most records of a partition that were handed over and not acknowledged; then it waits. A batch takes no
   * more than are left. Default 1 000.
   */
  readonly maxUnacknowledged?: number;
  /** For batches: most records of one. Default 500. Kafka property `max.poll.records`. */
  readonly maxBatchRecords?: number;
}

/** What a handler says about its delivery, as extras of its pattern: `@EventPattern('orders', { batch: true })`. */
export interface HandlerExtras extends DeliveryOptions {
  /** The handler takes arrays: what was fetched of a partition, up to `maxBatchRecords`. Default false. */
  readonly batch?: boolean;
}

/** {@link DeliveryOptions} with every default in place. */
export type ResolvedDelivery = Required<DeliveryOptions>;

/** How the records of a topic are delivered, by what its handler says. */
export interface Delivery extends ResolvedDelivery {
  readonly batch: boolean;
}

const DEFAULTS: ResolvedDelivery = {
  order: 'partition',
  concurrency: 16,
  ack: 'auto',
  maxUnacknowledged: 1_000,
  maxBatchRecords: 500,
};

/** Adds a sentence to `problems` for everything that is wrong. `at` names the options. */
export function resolveDelivery(
  options: DeliveryOptions,
  at: string,
  problems: string[],
  defaults: ResolvedDelivery = DEFAULTS,
): ResolvedDelivery {
  const { order, ack, concurrency, maxUnacknowledged, maxBatchRecords } = { ...defaults, ...options };
  if (order !== 'partition' && order !== 'key')
    problems.push(`${at}.order: '${String(order)}' is not 'partition' or 'key'`);
  if (ack !== 'auto' && ack !== 'manual') problems.push(`${at}.ack: '${String(ack)}' is not 'auto' or 'manual'`);
  for (const [name, value] of Object.entries({ concurrency, maxUnacknowledged, maxBatchRecords })) {
    if (!Number.isInteger(value) || value < 1) problems.push(`${at}.${name}: ${value} is not a whole number from 1`);
  }
  return { order, ack, concurrency, maxUnacknowledged, maxBatchRecords };
}
