import { z } from 'zod';
import type { StandaloneOptions } from '../cli/options.js';

/**
 * What a state directory was made with. A run goes on from it only with the same, for the order of the records, and with it
 * the meaning of "the first n are published", is a function of exactly these.
 */
export const stateSettings = z.strictObject({
  format: z.literal(1),
  /** SHA-256 over the input files. */
  dataSha256: z.string(),
  partitions: z.int(),
  limit: z.int().nullable(),
  shuffle: z.int().nullable(),
  /** `host:port,…` of an external cluster, null for the embedded broker, whose topics lie in the directory itself. */
  brokers: z.string().nullable(),
});

/** See {@link stateSettings}. */
export type StateSettings = z.infer<typeof stateSettings>;

/** The settings that this run needs its state directory to have been made with. */
export function settingsOf(options: StandaloneOptions, dataSha256: string): StateSettings {
  return {
    format: 1,
    dataSha256,
    partitions: options.partitions,
    limit: options.limit ?? null,
    shuffle: options.shuffleSeed ?? null,
    brokers: options.brokers.length === 0 ? null : options.brokers.join(','),
  };
}

/** What differs between a state directory and this run, in words that name the option and the remedy; empty when nothing does. */
export function differences(found: StateSettings, wanted: StateSettings): string[] {
  const problems: string[] = [];
  if (found.dataSha256 !== wanted.dataSha256) {
    problems.push('it was made from other data: the files under --data have changed since');
  }
  for (const [option, key] of OPTIONS) {
    if (found[key] === wanted[key]) continue;
    problems.push(`it was made ${worded(option, found[key])}, this run is ${worded(option, wanted[key])}`);
  }
  return problems;
}

const OPTIONS = [
  ['--partitions', 'partitions'],
  ['--limit', 'limit'],
  ['--shuffle', 'shuffle'],
  ['--brokers', 'brokers'],
] as const;

function worded(option: string, value: number | string | null): string {
  return value === null ? `without ${option}` : `with ${option}=${value}`;
}
