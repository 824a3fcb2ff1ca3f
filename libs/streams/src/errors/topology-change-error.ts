import { FatalError } from '@millrace/kernel';
import { changeText, type TopologyChange } from '../topology/changes/topology-change.js';

/**
 * What stands under an application's id cannot go on with its topologies as they are now. Lists every change that is in the way, with
 * what to do about it (stop-app, `MR_STATE_INCOMPATIBLE`).
 */
export class TopologyChangeError extends FatalError {
  readonly changes: readonly TopologyChange[];
  readonly problems: readonly string[];

  constructor(applicationId: string, changes: readonly TopologyChange[]) {
    const problems = changes.map(changeText);
    const places = [...new Set(changes.map(({ place }) => `'${place}'`))].join(', ');
    super(
      'MR_STATE_INCOMPATIBLE',
      `what stands under the applicationId '${applicationId}' cannot go on with these topologies; nothing was changed:\n${problems
        .map((each) => `  - ${each}`)
        .join('\n')}\nTo go on all the same, once: acceptTopologyChanges: [${places}]`,
      { place: { applicationId } },
    );
    this.changes = changes;
    this.problems = problems;
  }
}
