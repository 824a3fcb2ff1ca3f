import { FatalError } from '@millrace/kernel';

/** A topology cannot be built. Lists every problem at once (stop-app). */
export class TopologyError extends FatalError {
  readonly problems: readonly string[];

  constructor(topology: string, problems: readonly string[]) {
    super(
      'MR_TOPOLOGY_INVALID',
      `the topology '${topology}' cannot be built:\n${problems.map((each) => `  - ${each}`).join('\n')}`,
      { place: { topology } },
    );
    this.problems = problems;
  }
}
