import type { TopologyBuilder } from '@millrace/streams';

/** What a class decorated with `@StreamTopology()` implements. */
export interface TopologyDefinition {
  /**
   * Declares the topology. Called once per process, when the application boots; names given to `t` are permanent.
   *
   * Classes decorated with `@StreamProcessor()` are given as they are: `stream.process('score-delay', DelayScore)`.
   */
  define(t: TopologyBuilder): void;
}
