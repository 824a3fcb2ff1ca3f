/** The type of a setting, as DescribeConfigs numbers it. */
export const CONFIG_TYPES = { boolean: 1, string: 2, int: 3, short: 4, long: 5, double: 6, list: 7 } as const;

/** One setting of a topic: its type, Kafka's default, and which values it takes. */
export interface ConfigDefinition {
  readonly type: keyof typeof CONFIG_TYPES;
  readonly default: string;
  /** Says what a value must be when it is not acceptable, else undefined. */
  readonly problem: (value: string) => string | undefined;
}

const LONG_MAX = '9223372036854775807';

function integer(type: 'int' | 'long', defaultValue: string, least: number): ConfigDefinition {
  return {
    type,
    default: defaultValue,
    problem: (value) =>
      /^-?\d{1,19}$/.test(value) && Number(value) >= least ? undefined : `must be a whole number of at least ${least}`,
  };
}

function oneOf(defaultValue: string, allowed: readonly string[]): ConfigDefinition {
  return {
    type: 'string',
    default: defaultValue,
    problem: (value) => (allowed.includes(value) ? undefined : `must be one of ${allowed.join(', ')}`),
  };
}

function fraction(defaultValue: string): ConfigDefinition {
  return {
    type: 'double',
    default: defaultValue,
    problem: (value) => (value !== '' && Number(value) >= 0 && Number(value) <= 1 ? undefined : 'must be from 0 to 1'),
  };
}

function flag(defaultValue: string): ConfigDefinition {
  return { ...oneOf(defaultValue, ['true', 'false']), type: 'boolean' };
}

const cleanupPolicy: ConfigDefinition = {
  type: 'list',
  default: 'delete',
  problem: (value) =>
    value.split(',').every((each) => ['compact', 'delete'].includes(each.trim()))
      ? undefined
      : 'must be compact, delete or both',
};

/**
 * The settings that a topic may have, by Kafka's names and with Kafka's defaults.
 *
 * The broker keeps and returns all of them. It acts on `max.message.bytes`, `segment.bytes`, `message.timestamp.type`,
 * `message.timestamp.after.max.ms`, and on `cleanup.policy` in so far as a compacted topic takes no record without a key; it
 * deletes and compacts nothing.
 */
export const TOPIC_CONFIGS: Readonly<Record<string, ConfigDefinition>> = {
  'cleanup.policy': cleanupPolicy,
  // Recompressing would copy every record; what the producer chose is kept.
  'compression.type': oneOf('producer', ['producer']),
  'delete.retention.ms': integer('long', '86400000', 0),
  'file.delete.delay.ms': integer('long', '60000', 0),
  'flush.messages': integer('long', LONG_MAX, 1),
  'flush.ms': integer('long', LONG_MAX, 0),
  'index.interval.bytes': integer('int', '4096', 0),
  'max.compaction.lag.ms': integer('long', LONG_MAX, 1),
  'max.message.bytes': integer('int', '1048588', 0),
  // Kafka's default is one hour; a simulation's clock may be years behind the records that it replays.
  'message.timestamp.after.max.ms': integer('long', LONG_MAX, 0),
  'message.timestamp.before.max.ms': integer('long', LONG_MAX, 0),
  'message.timestamp.type': oneOf('CreateTime', ['CreateTime', 'LogAppendTime']),
  'min.cleanable.dirty.ratio': fraction('0.5'),
  'min.compaction.lag.ms': integer('long', '0', 0),
  'min.insync.replicas': integer('int', '1', 1),
  preallocate: flag('false'),
  'retention.bytes': integer('long', '-1', -1),
  'retention.ms': integer('long', '604800000', -1),
  'segment.bytes': integer('int', '1073741824', 1024),
  'segment.index.bytes': integer('int', '10485760', 4),
  'segment.jitter.ms': integer('long', '0', 0),
  'segment.ms': integer('long', '604800000', 1),
  'unclean.leader.election.enable': flag('false'),
};
