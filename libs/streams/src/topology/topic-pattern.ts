import type { Serde } from '../serde/serde.js';

/** All topics whose whole name matches a pattern, with the serdes of their keys and values: what `TopologyBuilder.stream` reads. */
export interface TopicPattern<K, V> {
  readonly pattern: RegExp;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
}

/**
 * Topics by a pattern, those too that are created while the application runs: `topicPattern(/orders\..+/, utf8, json<Order>())`.
 *
 * @param pattern Must match the whole name, as in Kafka. Topics that Kafka or Millrace make for themselves never match: internal,
 *   changelog, repartition and retry topics of the application, and all dead-letter topics (`…-dlt`).
 */
export function topicPattern<K, V>(pattern: RegExp, key: Serde<K>, value: Serde<V>): TopicPattern<K, V> {
  return { pattern, key, value };
}

/** What stands for the topics of a pattern where a topic's name would be; no topic can have that name. */
export function patternLabel(pattern: RegExp): string {
  return `/${pattern.source}/${pattern.flags}`;
}

/** Whether a source with that pattern reads a topic, by its name alone. */
export function patternMatches(pattern: RegExp, topic: string): boolean {
  if (topic.endsWith('-dlt')) return false;
  const flags = pattern.flags.replace(/[gy]/g, '');
  return new RegExp(`^(?:${pattern.source})$`, flags).test(topic);
}
