import { compareTopologies } from './compare-topologies.js';
import type { TopologyChange } from './topology-change.js';
import type { TopologyDescription } from './topology-description.js';

/**
 * The changes that keep an application from going on: those that are neither compatible nor accepted. What the cluster shows about
 * their `unless` is for the caller to ask.
 *
 * @param accepted The places of changes that are accepted as they are, such as `store totals`.
 */
export function changesInTheWay(
  before: readonly TopologyDescription[],
  after: readonly TopologyDescription[],
  accepted: readonly string[] = [],
): readonly TopologyChange[] {
  return compareTopologies(before, after)
    .map((change) => change.otherwise ?? change)
    .filter(({ class: kind, place }) => kind !== 'compatible' && !accepted.includes(place));
}

/** The name of a topic of a description in the cluster. */
export function topicInCluster(topic: string, applicationId: string): string {
  return topic.replace(/^<applicationId>-/, `${applicationId}-`);
}
