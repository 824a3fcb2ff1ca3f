import type { KafkaCluster } from '@millrace/testing/containers';
import type { WireRecord } from './wire-record.js';

/** What {@link readWithJava} reads. */
export interface JavaRead {
  readonly topic: string;
  readonly fromOffset?: number;
  /** How many records are expected: the reader ends after them. What is more or less than expected takes their places. */
  readonly records: number;
  readonly isolation?: 'read_committed' | 'read_uncommitted';
}

const CONSUMER = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
const NULL = '<null>';
const FIELD = '|';
/** Ends a reader that gets fewer records than it waits for. */
const PATIENCE_MS = 20_000;

/**
 * Partition 0 of a topic as Kafka's own consumer sees it. It prints texts: keys, values and headers must be plain ASCII without `|`,
 * `,` and `:`; a header is told as one value of its name.
 */
export async function readWithJava(kafka: KafkaCluster, read: JavaRead): Promise<WireRecord[]> {
  const { topic, fromOffset = 0, records, isolation = 'read_committed' } = read;
  const prints = ['timestamp', 'offset', 'headers', 'key'].map((what) => `print.${what}=true`);
  const properties = [...prints, `key.separator=${FIELD}`, `null.literal=${NULL}`];
  const output = await kafka
    .node(1)
    .tool(
      'kafka-run-class.sh',
      CONSUMER,
      ...['--bootstrap-server', 'INTERNAL', '--topic', topic, '--partition', '0', '--offset', `${fromOffset}`],
      ...['--isolation-level', isolation, '--max-messages', `${records}`, '--timeout-ms', `${PATIENCE_MS}`],
      ...properties.flatMap((property) => ['--formatter-property', property]),
    );
  return output
    .split('\n')
    .filter((line) => line.startsWith('CreateTime:'))
    .map(parseLine);
}

function parseLine(line: string): WireRecord {
  const [time, offset, headers, key, value] = line.trimEnd().split(FIELD) as [string, string, string, string, string];
  const byName: Record<string, (string | null)[]> = {};
  if (headers !== 'NO_HEADERS') {
    for (const header of headers.split(',')) {
      const [name, text] = header.split(':') as [string, string];
      (byName[name] ??= []).push(inHex(text));
    }
  }
  return {
    offset: Number(offset.replace('Offset:', '')),
    timestampMs: Number(time.replace('CreateTime:', '')),
    key: inHex(key),
    value: inHex(value),
    headers: byName,
  };
}

const inHex = (text: string): string | null => (text === NULL ? null : Buffer.from(text).toString('hex'));
