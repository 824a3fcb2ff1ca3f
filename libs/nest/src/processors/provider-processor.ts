import type { Processor, ProcessorContext, ProcessorSupplier, StreamRecord } from '@millrace/streams';
import type { ProcessorMethods } from './processor-methods.js';

type Method = (argument: unknown, context: ProcessorContext) => void | Promise<void>;

/** Lets the engine call the methods of a provider: one processor per task, all on the same instance. */
export function providerSupplier(
  instance: object,
  { stores, onRecord, punctuators }: ProcessorMethods,
): ProcessorSupplier<unknown, unknown, unknown, unknown> {
  const bound = (method: string): Method => ((instance as Record<string, unknown>)[method] as Method).bind(instance);
  const handle = bound(onRecord);
  return {
    stores,
    create: (): Processor<unknown, unknown> => ({
      init(context) {
        for (const { method, everyMs, by } of punctuators) {
          const call = bound(method);
          context.schedule(everyMs, by, (timeMs) => call(timeMs, context));
        }
      },
      process: (record: StreamRecord<unknown, unknown>, context) => handle(record, context),
    }),
  };
}
