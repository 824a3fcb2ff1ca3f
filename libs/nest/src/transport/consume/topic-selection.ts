import { Admin, type Cluster } from '@millrace/client';
import { ConfigurationError } from '@millrace/kernel';
import { deadLetterTopic } from '@millrace/streams';
import { isRetryTopicOf } from '../handle/retry-topics.js';
import type { MissingTopics } from '../millrace-server-options.js';

/** The topics that a server reads: those named, and those whose names match a regular expression. */
export class TopicSelection {
  readonly #names: readonly string[];
  readonly #patterns: readonly RegExp[];

  constructor(wanted: Iterable<string | RegExp>) {
    const all = [...wanted];
    this.#names = [...new Set(all.filter((each) => typeof each === 'string'))];
    this.#patterns = all.filter((each) => each instanceof RegExp);
  }

  /** Whether nothing can ever be selected. */
  get isEmpty(): boolean {
    return this.#names.length === 0 && this.#patterns.length === 0;
  }

  /** Whether the selection may grow while the server runs. */
  mayGrow(missing: MissingTopics): boolean {
    return this.#patterns.length > 0 || missing === 'wait';
  }

  /** Selects among the topics that exist, sorted. Dead-letter and retry topics are selected by their names alone. */
  select(existing: readonly string[]): string[] {
    const named = new Set(this.#names);
    const deadLetters = new Set(existing.map(deadLetterTopic));
    return existing
      .filter((topic) => {
        if (named.has(topic)) return true;
        return this.#isMatched(topic) && !deadLetters.has(topic) && !isRetryTopicOf(topic, existing);
      })
      .toSorted();
  }

  /**
   * Sees to the named topics that do not exist.
   *
   * @throws {ConfigurationError} (stop-app) naming all of them, when they are neither waited for nor created.
   */
  async ensureNamed(cluster: Cluster, existing: readonly string[], missing: MissingTopics): Promise<void> {
    const absent = this.#names.filter((name) => !existing.includes(name));
    if (absent.length === 0 || missing === 'wait') return;
    if (missing === 'fail') {
      const remedy = "create it, correct the handler's pattern, or set missingTopics";
      throw new ConfigurationError(
        'the topics of the handlers',
        absent.map((name) => `topic '${name}' does not exist: ${remedy}`),
      );
    }
    await new Admin(cluster).createTopics(absent.map((name) => ({ name, ...missing })));
  }

  #isMatched(topic: string): boolean {
    return this.#patterns.some((pattern) => matches(pattern, topic));
  }
}

/** Whether a topic matches a pattern, whatever its flags have remembered of the last use. */
export function matches(pattern: RegExp, topic: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(topic);
}
