import type { SourceSpec } from '../topology/specs.js';
import type { ProcessorNode } from '../processor/processor-node.js';
import type { RetryRoute } from './retry-route.js';
import type { RecordRun } from './record-run.js';

/** Records of one input partition that wait undecoded; the head's position stands in the cursor of the first run. */
export class PartitionQueue {
  readonly topic: string;
  readonly partition: number;
  readonly source: SourceSpec;
  readonly node: ProcessorNode;
  /** The next record, or undefined when none waits. */
  head: RecordRun | undefined;
  /** Where to go on after what has been processed; -1 before anything was. */
  position = -1;
  /** The greatest timestamp taken from this partition: Kafka's partition time. */
  timeMs = -1;
  /** Whether the broker has said that there is nothing beyond what waits here. */
  isCaughtUp = false;
  /** Offset of the next record to commit as of the last commit. */
  committedPosition = -1;
  /** Which of its source's retry topics this is, from 1; 0 for the source's own topic. */
  readonly tier: number;
  /** The way of failed records through retry topics, where there is one. */
  readonly route: RetryRoute | undefined;
  #runs: { readonly run: RecordRun; readonly bytes: number }[] = [];
  bufferedBytes = 0;

  constructor(
    topic: string,
    partition: number,
    source: SourceSpec,
    node: ProcessorNode,
    retry: { readonly route: RetryRoute | undefined; readonly tier: number } = { route: undefined, tier: 0 },
  ) {
    this.topic = topic;
    this.partition = partition;
    this.source = source;
    this.node = node;
    this.route = retry.route;
    this.tier = retry.tier;
  }

  add(run: RecordRun, bytes: number): void {
    this.#runs.push({ run, bytes });
    this.bufferedBytes += bytes;
    if (this.head === undefined) this.#settle();
  }

  /** Leaves the head behind and goes to the next record. */
  advance(): void {
    const { head } = this;
    if (head === undefined) return;
    this.position = head.cursor.offset + 1;
    if (head.nextRecord()) return;
    this.#finishRun();
    this.#settle();
  }

  /** Goes to the first run that has a record; empty ones only move the position. */
  #settle(): void {
    for (let first = this.#runs[0]; first !== undefined; first = this.#runs[0]) {
      if (first.run.nextRecord()) {
        this.head = first.run;
        return;
      }
      this.#finishRun();
    }
    this.head = undefined;
  }

  #finishRun(): void {
    const finished = this.#runs.shift();
    if (finished === undefined) return;
    this.bufferedBytes -= finished.bytes;
    this.position = Math.max(this.position, finished.run.nextOffset);
    this.head = undefined;
  }
}
