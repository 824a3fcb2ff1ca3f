import { RecordError } from '@millrace/kernel';
import type { Serde } from '@millrace/streams';

const SEPARATOR = '|';

/**
 * A key of two texts, written `first|second`, such as `JFK|2013-01-01T10:00:00Z`: readable in any tool, and equal keys have
 * equal bytes, which partitioning and compaction need.
 *
 * @param fields The names of the two fields, in the order in which they are written. The first must not hold a `|`.
 */
export function pairKey<First extends string, Second extends string>(
  fields: readonly [First, Second],
): Serde<{ readonly [Field in First | Second]: string }> {
  const [first, second] = fields;
  return {
    name: `${first}${SEPARATOR}${second}`,
    serialize(key) {
      if (key[first].includes(SEPARATOR)) {
        throw new RecordError('MR_RECORD_CONTRACT_VIOLATION', `'${first}' of a key must not hold '${SEPARATOR}'`);
      }
      return Buffer.from(`${key[first]}${SEPARATOR}${key[second]}`, 'utf8');
    },
    deserialize(buffer, start, end) {
      const text = buffer.toString('utf8', start, end);
      const at = text.indexOf(SEPARATOR);
      if (at < 0) {
        throw new RecordError(
          'MR_RECORD_UNREADABLE',
          `a key should be '${first}${SEPARATOR}${second}', but has no '${SEPARATOR}'`,
        );
      }
      return { [first]: text.slice(0, at), [second]: text.slice(at + 1) } as { [Field in First | Second]: string };
    },
  };
}
