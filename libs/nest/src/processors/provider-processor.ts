import type { Outcome, Processor, ProcessorContext, ProcessorSupplier, StreamRecord } from '@millrace/streams';
import type { ProcessorMethods } from './processor-methods.js';

type Handler = (subject: unknown, context: ProcessorContext) => Outcome;

/**
 * Lets one instance of a provider, made by Nest, serve all tasks: each task gets a processor of its own that calls the
 * provider's methods with the task's context.
 */
export function supplierOf(
  instance: object,
  methods: ProcessorMethods,
): ProcessorSupplier<unknown, unknown, unknown, unknown> {
  const handler = (method: string): Handler => {
    const call = (instance as Record<string, Handler>)[method] as Handler;
    return (subject, context) => call.call(instance, subject, context);
  };
  const onRecord = handler(methods.onRecord);
  const punctuators = methods.punctuators.map(({ method, everyMs, by }) => ({ everyMs, by, call: handler(method) }));
  return {
    stores: methods.stores,
    create: (): Processor<unknown, unknown> => ({
      init: (context) => {
        for (const { everyMs, by, call } of punctuators) context.schedule(everyMs, by, (timeMs) => call(timeMs, context));
      },
      process: (record: StreamRecord<unknown, unknown>, context) => onRecord(record, context),
    }),
  };
}
