import { ProcessorNode, type Outcome } from '../processor/processor-node.js';
import type { RecordContext } from '../processor/record-context.js';
import type { OldValues } from './old-values.js';

/** Replaces the values of a table; null stays null. */
export class TableMapValuesNode extends ProcessorNode {
  readonly #map: (value: unknown, key: unknown) => unknown;
  readonly #oldValues: OldValues;
  readonly #context: RecordContext;

  constructor(
    name: string,
    map: (value: unknown, key: unknown) => unknown,
    oldValues: OldValues,
    context: RecordContext,
  ) {
    super(name);
    this.#map = map;
    this.#oldValues = oldValues;
    this.#context = context;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.update(key, value, null, timestampMs, true);
  }

  override update(key: unknown, value: unknown, old: unknown, timestampMs: number, isLatest: boolean): Outcome {
    const mapped = value === null ? null : this.#map(value, key);
    const mappedOld = old === null || !this.#oldValues.areWanted ? null : this.#map(old, key);
    this.#context.forgetValue();
    return this.forwardUpdate(key, mapped, mappedOld, timestampMs, isLatest);
  }
}

/**
 * Hides the rows of a table for which the predicate does not hold: as if they were deleted. A deletion is passed on only where
 * those below have seen the row, except on versioned tables: as in Kafka Streams since 4.3.
 */
export class TableFilterNode extends ProcessorNode {
  readonly #holds: (value: unknown, key: unknown) => boolean;
  readonly #isVersioned: boolean;
  readonly #context: RecordContext;

  constructor(
    name: string,
    holds: (value: unknown, key: unknown) => boolean,
    isVersioned: boolean,
    context: RecordContext,
  ) {
    super(name);
    this.#holds = holds;
    this.#isVersioned = isVersioned;
    this.#context = context;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    return this.update(key, value, null, timestampMs, true);
  }

  override update(key: unknown, value: unknown, old: unknown, timestampMs: number, isLatest: boolean): Outcome {
    const shown = value !== null && this.#holds(value, key) ? value : null;
    const shownOld = old !== null && this.#holds(old, key) ? old : null;
    this.#context.forgetValue();
    // Nobody below has seen the row: there is nothing to take back.
    if (!this.#isVersioned && shown === null && shownOld === null) return undefined;
    return this.forwardUpdate(key, shown, shownOld, timestampMs, isLatest);
  }
}
