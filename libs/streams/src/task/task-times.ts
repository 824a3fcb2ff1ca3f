import type { StreamTime } from '../processor/stream-time.js';

/** Marks the metadata of committed offsets that this engine wrote. */
const PREFIX = 'mr1:';

/** The stream times of a task as a short text: what Kafka Streams calls partition time, and that of each operator. */
export function writeTaskTimes(taskMs: number, operators: ReadonlyMap<string, StreamTime>): string {
  const times = [...operators].map(([name, time]) => `${name}=${time.ms}`);
  return `${PREFIX}${[taskMs, ...times].join(';')}`;
}

/** What {@link writeTaskTimes} wrote; undefined for any other text. */
export function readTaskTimes(
  metadata: string,
): { readonly taskMs: number; readonly operators: readonly [string, number][] } | undefined {
  if (!metadata.startsWith(PREFIX)) return undefined;
  const [task, ...operators] = metadata.slice(PREFIX.length).split(';');
  return {
    taskMs: Number(task),
    operators: operators.map((each) => {
      const at = each.lastIndexOf('=');
      return [each.slice(0, at), Number(each.slice(at + 1))];
    }),
  };
}
