import { EventPattern, type Transport } from '@nestjs/microservices';
import type { DeliveryOptions, HandlerExtras } from './delivery-options.js';

/**
 * Subscribes a method to whole batches: `@Payload()` is the array of values, `@Ctx()` a {@link MillraceBatchContext}. The same
 * as `@EventPattern(topic, transportId, { batch: true, ...options })`.
 *
 * Throw a {@link BatchFailedException} to say which records have failed.
 *
 * @param topic a topic, a regular expression, or several of them.
 * @param transportId the server that the handler belongs to; needed when the application has several.
 */
export function BatchEventPattern(
  topic: string | RegExp | readonly (string | RegExp)[],
  options: DeliveryOptions & { readonly transportId?: Transport | symbol } = {},
): MethodDecorator {
  const { transportId, ...delivery } = options;
  const extras: HandlerExtras = { ...delivery, batch: true };
  return transportId === undefined ? EventPattern(topic, extras) : EventPattern(topic, transportId, extras);
}
