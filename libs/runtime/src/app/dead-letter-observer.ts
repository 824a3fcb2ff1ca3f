import { readHeaders } from '@millrace/protocol';
import { runtimeChannels, type ThreadPlace } from '../diagnostics/channels.js';
import type { SentObserver } from '../output/output-batches.js';

/** Publishes an event for each dead letter that the tasks of a thread send; what it says stands in the headers. */
export function deadLetterObserver(place: ThreadPlace, sent: () => void): SentObserver {
  return (headers, start, end) => {
    sent();
    if (!runtimeChannels.deadLettered.hasSubscribers) return;
    const texts = new Map(readHeaders(headers, start, end).map(({ key, value }) => [key, value?.toString() ?? '']));
    runtimeChannels.deadLettered.publish({
      ...place,
      node: texts.get('dlt.node') ?? '',
      topic: texts.get('dlt.topic') ?? '',
      partition: Number(texts.get('dlt.partition')),
      offset: Number(texts.get('dlt.offset')),
      code: texts.get('dlt.error.code') ?? '',
    });
  };
}
