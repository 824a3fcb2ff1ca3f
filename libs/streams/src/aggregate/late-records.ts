import type { Outcome, ProcessorNode } from '../processor/processor-node.js';
import type { TaskCounters } from '../task/task-counters.js';

/** Counts the records that come too late for their windows, and hands them to whoever wants them. */
export class LateRecords {
  readonly #name: string | undefined;
  readonly #counters: TaskCounters;
  #taker: ProcessorNode | undefined;

  /** @param name the operator below that takes them; undefined where they are only counted. */
  constructor(name: string | undefined, counters: TaskCounters) {
    this.#name = name;
    this.#counters = counters;
  }

  /** Finds the taker among the operators below; returns the others. */
  connect(children: readonly ProcessorNode[]): readonly ProcessorNode[] {
    if (this.#name === undefined) return children;
    this.#taker = children.find(({ name }) => name === this.#name);
    return children.filter((child) => child !== this.#taker);
  }

  /** A record has come too late; `forwardTo` passes it on. */
  drop(forwardTo: (taker: ProcessorNode) => Outcome): Outcome {
    this.#counters.droppedLate++;
    return this.#taker === undefined ? undefined : forwardTo(this.#taker);
  }
}
