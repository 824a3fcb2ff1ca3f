import type { Clock } from '@millrace/kernel';
import { transportChannels, type HandledEvent } from '../transport-channels.js';

/** What a call of a handler is about. */
export type HandlerCall = Pick<HandledEvent, 'topic' | 'partition' | 'pattern' | 'kind' | 'records'>;

/** Calls a handler and tells how long it took and how it ended. */
export async function measured(
  { groupId, clock }: { readonly groupId: string; readonly clock: Clock },
  { topic, partition, pattern, kind, records }: HandlerCall,
  work: () => Promise<void>,
): Promise<void> {
  const startedMs = clock.monotonicMs();
  const tell = (outcome: HandledEvent['outcome']): void => {
    const durationMs = clock.monotonicMs() - startedMs;
    transportChannels.handled.publish({ groupId, topic, partition, pattern, kind, records, durationMs, outcome });
  };
  try {
    await work();
  } catch (error) {
    tell('failed');
    throw error;
  }
  tell('done');
}
