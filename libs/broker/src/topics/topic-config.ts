import { TOPIC_CONFIGS } from './config-definitions.js';

/** Where a setting's value comes from, as DescribeConfigs numbers it. */
export const CONFIG_SOURCES = { topic: 1, staticBroker: 4, default: 5 } as const;

/** A setting with its value in force. */
export interface EffectiveConfig {
  readonly name: string;
  readonly value: string;
  readonly source: (typeof CONFIG_SOURCES)[keyof typeof CONFIG_SOURCES];
}

/** A topic's settings: what was set on it, over what the broker or Kafka sets for all. */
export class TopicConfig {
  readonly maxMessageBytes: number;
  readonly segmentBytes: number;
  readonly isCompacted: boolean;
  /** Whether records may be deleted, as the cleanup policy names `delete`. */
  readonly isDeleted: boolean;
  readonly isLogAppendTime: boolean;
  /** How far a record's time may lie in the future; infinite when there is no limit. */
  readonly timestampAfterMaxMs: number;
  readonly #own: Readonly<Record<string, string>>;
  readonly #brokerDefaults: Readonly<Record<string, string>>;

  /** @param own values set on the topic, already checked. @param brokerDefaults values that this broker sets for all. */
  constructor(own: Readonly<Record<string, string>>, brokerDefaults: Readonly<Record<string, string>>) {
    this.#own = own;
    this.#brokerDefaults = brokerDefaults;
    this.maxMessageBytes = Number(this.#value('max.message.bytes'));
    this.segmentBytes = Number(this.#value('segment.bytes'));
    this.isCompacted = this.#value('cleanup.policy').includes('compact');
    this.isDeleted = this.#value('cleanup.policy').includes('delete');
    this.isLogAppendTime = this.#value('message.timestamp.type') === 'LogAppendTime';
    const afterMaxMs = Number(this.#value('message.timestamp.after.max.ms'));
    this.timestampAfterMaxMs = Number.isSafeInteger(afterMaxMs) ? afterMaxMs : Infinity;
  }

  /** What was set on the topic itself. */
  get own(): Readonly<Record<string, string>> {
    return this.#own;
  }

  /** Every setting, or those of `names` that exist, with its value in force. */
  effective(names: readonly string[] | null): EffectiveConfig[] {
    return Object.keys(TOPIC_CONFIGS)
      .filter((name) => names === null || names.includes(name))
      .map((name) => ({ name, value: this.#value(name), source: this.#source(name) }));
  }

  #value(name: string): string {
    return this.#own[name] ?? this.#brokerDefaults[name] ?? (TOPIC_CONFIGS[name]?.default as string);
  }

  #source(name: string): EffectiveConfig['source'] {
    if (this.#own[name] !== undefined) return CONFIG_SOURCES.topic;
    return this.#value(name) === TOPIC_CONFIGS[name]?.default ? CONFIG_SOURCES.default : CONFIG_SOURCES.staticBroker;
  }
}

/** What is wrong with a setting for a topic, or undefined. */
export function configProblem(name: string, value: string): string | undefined {
  const definition = TOPIC_CONFIGS[name];
  if (definition === undefined) return `Unknown topic config name: ${name}`;
  const problem = definition.problem(value);
  return problem === undefined ? undefined : `Invalid value ${value} for configuration ${name}: ${problem}`;
}
