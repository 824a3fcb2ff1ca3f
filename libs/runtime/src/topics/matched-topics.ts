import { patternMatches, type SourceSpec } from '@millrace/streams';

/** Topics that the application makes for itself, of this version or an earlier one, and of which no pattern speaks. */
const INTERNAL = /-(changelog|repartition|retry-\d+|topology)$/;

/** The topics that the patterns of an application's sources match, as far as they are known: only grows. */
export class MatchedTopics {
  readonly #applicationId: string;
  readonly #patterns = new Map<string, RegExp>();
  readonly #topics = new Set<string>();

  /** @param sources All sources of the application; those without a pattern do not count. */
  constructor(applicationId: string, sources: readonly SourceSpec[]) {
    this.#applicationId = applicationId;
    for (const { topic, pattern } of sources) if (pattern !== undefined) this.#patterns.set(topic, pattern);
  }

  /** Whether any source reads by a pattern. */
  get isAsked(): boolean {
    return this.#patterns.size > 0;
  }

  /** All that are known. */
  get all(): readonly string[] {
    return [...this.#topics];
  }

  /** Whether a source with that label (`SourceSpec.topic`) reads a topic. */
  matches(label: string, topic: string): boolean {
    const pattern = this.#patterns.get(label);
    if (pattern === undefined || this.#isInternal(topic)) return false;
    return patternMatches(pattern, topic);
  }

  /** Takes those of the topics that match. */
  take(topics: Iterable<string>): void {
    for (const topic of topics) {
      for (const label of this.#patterns.keys()) if (this.matches(label, topic)) this.#topics.add(topic);
    }
  }

  /** Names of topics, where labels of patterns are replaced by what they match; a label that matches nothing stays. */
  resolve(names: readonly string[]): string[] {
    return names.flatMap((name) => {
      const topics = this.topicsOf(name);
      return topics.length === 0 ? [name] : topics;
    });
  }

  /** What the pattern with a label matches, in order of name. */
  topicsOf(label: string): string[] {
    return [...this.#topics].filter((topic) => this.matches(label, topic)).sort();
  }

  #isInternal(topic: string): boolean {
    return topic.startsWith(`${this.#applicationId}-`) && INTERNAL.test(topic);
  }
}
