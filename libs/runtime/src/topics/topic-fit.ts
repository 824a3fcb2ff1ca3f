import type { PlannedTopic } from './topic-plan.js';

/** What a topic that exists is found to be. */
export interface FoundTopic {
  readonly partitions: number;
  /** Its configuration with the broker's defaults; `null` for what is not shown. */
  readonly configs: ReadonlyMap<string, string | null>;
}

/** Why an internal topic that exists cannot be used as it is: a sentence for each reason, with what to do. */
export function problemsOfFit({ name, partitions, configs }: PlannedTopic, found: FoundTopic): string[] {
  const problems: string[] = [];
  if (found.partitions !== partitions) {
    problems.push(
      `topic '${name}' has ${found.partitions} partitions, but the topology needs ${partitions}: the number of partitions of its inputs has changed; delete the topic to lose its state and start over, or run under another applicationId`,
    );
  }
  const misfit = (property: string, why: string): void => {
    const wanted = configs[property] ?? '';
    problems.push(
      `topic '${name}' has ${property}=${found.configs.get(property)}, ${why}: set ${property}=${wanted}, as with kafka-configs --alter`,
    );
  };
  const policy = policyOf(found.configs.get('cleanup.policy'));
  const wanted = policyOf(configs['cleanup.policy']);
  if (policy === undefined || wanted === undefined) return problems;
  if (wanted.has('compact') && !policy.has('compact')) misfit('cleanup.policy', 'so it grows for ever or loses state');
  else if (!wanted.has('compact') && policy.has('compact')) {
    misfit('cleanup.policy', 'so records are lost that others of their key follow');
  }
  const retentionMs = msOf(found.configs.get('retention.ms'), Infinity);
  if (policy.has('delete') && wanted.has('delete')) {
    const why = 'so records may be gone before they were read';
    if (retentionMs < msOf(configs['retention.ms'], Infinity)) misfit('retention.ms', why);
  } else if (policy.has('delete') && policy.has('compact') && retentionMs !== Infinity) {
    misfit('cleanup.policy', `so what is older than ${retentionMs} ms by its own time leaves the state`);
  }
  const lagMs = msOf(configs['min.compaction.lag.ms'], 0);
  if (policy.has('compact') && msOf(found.configs.get('min.compaction.lag.ms'), 0) < lagMs) {
    misfit('min.compaction.lag.ms', 'so versions are lost that the history still has');
  }
  return problems;
}

function policyOf(text: string | null | undefined): ReadonlySet<string> | undefined {
  return text === undefined || text === null ? undefined : new Set(text.split(',').map((each) => each.trim()));
}

/** Milliseconds of a setting; -1 is for ever. */
function msOf(text: string | null | undefined, fallbackMs: number): number {
  if (text === undefined || text === null) return fallbackMs;
  const ms = Number(text);
  return ms < 0 ? Infinity : ms;
}
