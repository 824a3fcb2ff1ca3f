import type { TopologyBuilder } from '@millrace/streams';

/** What a class decorated with `@StreamTopology()` implements. */
export interface TopologyDefinition {
  /** Declares the topology; called once, when the application boots. */
  define(topology: TopologyBuilder): void;
}
