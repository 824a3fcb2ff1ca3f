import { blame } from './blame.js';
import { inOrder } from './in-order.js';

/** What an operator's work gives back: nothing, or a promise when a handler of the user returned one. */
export type Outcome = void | Promise<void>;

/**
 * One operator of one task. Operators call each other directly: a record runs down the chain in one call stack, and only a
 * handler that returns a promise makes the chain wait.
 */
export abstract class ProcessorNode {
  readonly name: string;
  protected children: readonly ProcessorNode[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** Connects the operators below; called once, before the first record. */
  connect(children: readonly ProcessorNode[]): void {
    this.children = children;
  }

  abstract process(key: unknown, value: unknown, timestampMs: number): Outcome;

  /** Passes a record on to every operator below, in the order in which they were declared. */
  protected forward(key: unknown, value: unknown, timestampMs: number): Outcome {
    const { children } = this;
    if (children.length === 1) return this.forwardTo(children[0] as ProcessorNode, key, value, timestampMs);
    for (let index = 0; index < children.length; index++) {
      const outcome = this.forwardTo(children[index] as ProcessorNode, key, value, timestampMs);
      if (outcome !== undefined) return this.#forwardRest(outcome, index + 1, key, value, timestampMs);
    }
    return undefined;
  }

  async #forwardRest(
    pending: Promise<void>,
    from: number,
    key: unknown,
    value: unknown,
    timestampMs: number,
  ): Promise<void> {
    await pending;
    for (let index = from; index < this.children.length; index++) {
      await this.forwardTo(this.children[index] as ProcessorNode, key, value, timestampMs);
    }
  }

  /** Passes a record on to one operator; an error that comes back is known to be that operator's, or one's below it. */
  protected forwardTo(child: ProcessorNode, key: unknown, value: unknown, timestampMs: number): Outcome {
    try {
      const outcome = child.process(key, value, timestampMs);
      return outcome === undefined ? undefined : blaming(outcome, child);
    } catch (cause) {
      throw blame(cause, child.name);
    }
  }

  /**
   * Takes a change of a table: a key's value is now `value` and was `old`, null where there is or was none. To operators of
   * streams, which do not override this, it is a record with the new value.
   *
   * @param isLatest false when a versioned table took an older version: what the key's value is has not changed.
   */
  update(key: unknown, value: unknown, _old: unknown, timestampMs: number, _isLatest: boolean): Outcome {
    return this.process(key, value, timestampMs);
  }

  /** Passes a change of a table on, as {@link forward} passes on a record. */
  protected forwardUpdate(key: unknown, value: unknown, old: unknown, timestampMs: number, isLatest: boolean): Outcome {
    const { children } = this;
    if (children.length === 1)
      return this.#updateOne(children[0] as ProcessorNode, key, value, old, timestampMs, isLatest);
    return inOrder(children, (child) => this.#updateOne(child, key, value, old, timestampMs, isLatest));
  }

  #updateOne(
    child: ProcessorNode,
    key: unknown,
    value: unknown,
    old: unknown,
    timestampMs: number,
    isLatest: boolean,
  ): Outcome {
    try {
      const outcome = child.update(key, value, old, timestampMs, isLatest);
      return outcome === undefined ? undefined : blaming(outcome, child);
    } catch (cause) {
      throw blame(cause, child.name);
    }
  }

  /** Emits what was held back until the commit. */
  flush(): Outcome {
    return undefined;
  }

  /** Emits what was waiting for stream time to reach `streamTimeMs`. */
  advanceStreamTime(_streamTimeMs: number): Outcome {
    return undefined;
  }

  /** The stream time that closes every window this operator still holds open; undefined when none is open. */
  closingTimeMs(): number | undefined {
    return undefined;
  }

  /** Whether anything is to be run by stream time. */
  hasStreamTimeSchedules(): boolean {
    return false;
  }

  /** Takes note of the stream time up to which a task of before has come: what was due by then has been run. */
  resumeStreamTime(_streamTimeMs: number): void {}

  /** Runs what is due at this stream time. */
  punctuateStreamTime(_streamTimeMs: number): Outcome {
    return undefined;
  }

  /** Runs what is due at this wall-clock and stream time. */
  punctuate(_nowMs: number, _streamTimeMs: number): Outcome {
    return undefined;
  }

  /** What it did until now is committed. */
  committed(): void {}

  /** Takes over what does not depend on records from the operator in whose place it stands after a rollback. */
  succeed(_former: ProcessorNode): void {}

  /** Lets go of what it holds; the task has ended. */
  close(): void {}
}

function blaming(outcome: Promise<void>, node: ProcessorNode): Promise<void> {
  return outcome.catch((cause: unknown) => {
    throw blame(cause, node.name);
  });
}
