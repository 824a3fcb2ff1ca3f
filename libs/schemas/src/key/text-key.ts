import type { Serde } from '@millrace/streams';

/** A key that is a plain text in UTF-8, such as a tail number or an airport. */
export const textKey: Serde<string> = {
  name: 'text',
  serialize: (key) => Buffer.from(key, 'utf8'),
  deserialize: (buffer, start, end) => buffer.toString('utf8', start, end),
};
