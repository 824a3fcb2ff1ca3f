import { ErrorCodes } from '@millrace/protocol';
import type { OffsetRow } from '../storage/journal-entry.js';
import type { BrokerServices } from './services.js';

/** The longest text that may be kept with an offset (Kafka: `offset.metadata.max.bytes`). */
const MAX_METADATA_LENGTH = 4096;

/** The topics of OffsetCommit and TxnOffsetCommit. */
export interface CommitTopic {
  readonly name: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly committedOffset: number;
    readonly committedLeaderEpoch: number;
    readonly committedMetadata: string | null;
  }[];
}

/** The answer to either, by topic and partition. */
export interface CommitAnswer {
  readonly topics: readonly {
    readonly name: string;
    readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[];
  }[];
}

/** The same error code for every partition. */
export function sameForAll(topics: readonly CommitTopic[], errorCode: number): CommitAnswer {
  return answerEach(topics, () => errorCode);
}

/** Keeps what can be committed with `keep`, and says for each partition how it went. */
export function commitEach(
  services: BrokerServices,
  topics: readonly CommitTopic[],
  keep: (rows: readonly OffsetRow[]) => number,
): CommitAnswer {
  const nowMs = services.clock.nowMs();
  const rows: OffsetRow[] = [];
  const refusedCodes = new Map<object, number>();
  for (const topic of topics) {
    for (const part of topic.partitions) {
      const metadata = part.committedMetadata ?? '';
      if (services.topics.partition(topic.name, part.partitionIndex) === undefined) {
        refusedCodes.set(part, ErrorCodes.UNKNOWN_TOPIC_OR_PARTITION);
      } else if (metadata.length > MAX_METADATA_LENGTH) refusedCodes.set(part, ErrorCodes.OFFSET_METADATA_TOO_LARGE);
      else {
        rows.push([topic.name, part.partitionIndex, part.committedOffset, part.committedLeaderEpoch, metadata, nowMs]);
      }
    }
  }
  const errorCode = keep(rows);
  return answerEach(topics, (part) => refusedCodes.get(part) ?? errorCode);
}

function answerEach(topics: readonly CommitTopic[], codeOf: (part: object) => number): CommitAnswer {
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((part) => ({ partitionIndex: part.partitionIndex, errorCode: codeOf(part) })),
    })),
  };
}
