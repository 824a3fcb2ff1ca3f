/**
 * Hands batches to their handlers. A handler that says which records have failed (`BatchFailedException`) gets those again, and
 * those that it has not tried; one that only throws gets the batch again, and after the last attempt its records one by one,
 * so that a record that nobody can handle takes only itself along.
 */
import { describeError, type Clock } from '@millrace/kernel';
import { Interrupted } from '../consume/interrupted.js';
import type { DeliveryScope } from '../consume/partition-worker.js';
import { BatchFailedException } from '../errors/batch-failed.exception.js';
import { errorOf } from '../errors/handler-error.js';
import { kafkaMessage } from '../record/kafka-message.js';
import { MillraceBatchContext } from '../record/millrace.context.js';
import type { ReceivedRecord } from '../record/received-record.js';
import { throwIfClosing, type FailedRecords } from './failed-records.js';
import { deserialized, parseMessage, settledResult, type HandlerHost, type PatternPacket } from './handler-host.js';
import { measured } from './measured.js';

/** What {@link BatchHandling} works with. */
export interface BatchContext {
  readonly groupId: string;
  readonly host: HandlerHost;
  readonly failed: FailedRecords;
  readonly clock: Clock;
  /** Tells people, not machines. */
  readonly warn: (message: string) => void;
}

/** A record of a batch with what was made of it. */
interface BatchEntry {
  readonly record: ReceivedRecord;
  readonly message: ReturnType<typeof parseMessage>;
  readonly packet: PatternPacket;
  failures: number;
}

interface FailedEntry {
  readonly entry: BatchEntry;
  readonly thrown: unknown;
}

/** See the head of this file. */
export class BatchHandling {
  readonly #context: BatchContext;

  constructor(context: BatchContext) {
    this.#context = context;
  }

  /** Handles records of one partition to their end. @throws as `HandleRecords` says. */
  async handle(records: readonly ReceivedRecord[], scope: DeliveryScope): Promise<void> {
    let left = await this.#readable(records, scope);
    while (left.length > 0) {
      throwIfClosing(scope);
      let failed: readonly FailedEntry[];
      try {
        await this.#try(left, scope);
        return;
      } catch (thrown) {
        if (scope.gone.aborted) throw new Interrupted();
        const known = failedEntries(left, thrown);
        if (known === undefined) {
          left = await this.#wholeFailed(left, thrown, scope);
          continue;
        }
        for (const { record } of known.done) this.#done(record, scope);
        left = known.untried;
        failed = known.failed;
      }
      left = [...(await this.#someFailed(failed, scope)), ...left].sort((a, b) => a.record.offset - b.record.offset);
    }
  }

  /** What cannot be deserialized never reaches the handler. */
  async #readable(records: readonly ReceivedRecord[], scope: DeliveryScope): Promise<BatchEntry[]> {
    const { host, failed } = this.#context;
    const entries: BatchEntry[] = [];
    for (const record of records) {
      const message = parseMessage(host, kafkaMessage(record));
      for (let failures = 0; ;) {
        try {
          entries.push({ record, message, packet: await deserialized(host, message, record), failures: 0 });
          break;
        } catch (thrown) {
          failures += 1;
          if (failed.actionFor(thrown, failures) !== 'retry') {
            await failed.giveUp(record, record.topic, thrown, failures, scope);
            break;
          }
          await failed.pause(record.topic, thrown, failures, 1, scope);
        }
      }
    }
    return entries;
  }

  async #try(entries: readonly BatchEntry[], scope: DeliveryScope): Promise<void> {
    const { host } = this.#context;
    const first = entries[0] as BatchEntry;
    const { topic, partition } = first.record;
    const handler = host.handlerFor(topic);
    if (handler === null) throw new Error(`no handler of this server has the pattern '${topic}'`);
    const context = new MillraceBatchContext(
      entries.map(({ message }) => message),
      entries.map(({ record }) => record),
      { signal: scope.gone, ack: (offsets) => offsets.forEach((offset) => scope.settle(offset)) },
      Math.max(...entries.map(({ record, failures }) => failures + (record.retry?.attempts ?? 0))),
    );
    const values = entries.map(({ packet }) => packet.data);
    const call = { topic, partition, pattern: topic, kind: 'batch', records: entries.length } as const;
    await measured(this.#context, call, () =>
      host.withHooks(context, () => settledResult(handler(values, context), scope.gone)),
    );
    if (scope.gone.aborted) throw new Interrupted();
    for (const { record } of entries) this.#done(record, scope);
  }

  #done(record: ReceivedRecord, scope: DeliveryScope): void {
    if (scope.delivery.ack === 'auto') scope.settle(record.offset);
  }

  /** The handler did not say which records have failed. @returns what is tried again, as one batch. */
  async #wholeFailed(entries: readonly BatchEntry[], thrown: unknown, scope: DeliveryScope): Promise<BatchEntry[]> {
    const { failed } = this.#context;
    const open = this.#open(entries, thrown, scope);
    if (open.length === 0) return [];
    for (const entry of open) entry.failures += 1;
    const failures = Math.max(...open.map((entry) => entry.failures));
    const { topic } = (open[0] as BatchEntry).record;
    if (failed.actionFor(thrown, failures) === 'retry') {
      await failed.pause(topic, thrown, failures, open.length, scope);
      return open;
    }
    if (open.length === 1) {
      await this.#giveUp({ entry: open[0] as BatchEntry, thrown }, scope);
      return [];
    }
    await this.#oneByOne(open, scope);
    return [];
  }

  /** Finds the records that fail, each with one attempt more: all others have been told that they are innocent. */
  async #oneByOne(entries: readonly BatchEntry[], scope: DeliveryScope): Promise<void> {
    for (const entry of entries) {
      throwIfClosing(scope);
      try {
        await this.#try([entry], scope);
      } catch (thrown) {
        if (scope.gone.aborted) throw new Interrupted();
        entry.failures += 1;
        const cause = thrown instanceof BatchFailedException ? (thrown.failures[0]?.error ?? thrown) : thrown;
        if (this.#open([entry], cause, scope).length > 0) await this.#giveUp({ entry, thrown: cause }, scope);
      }
    }
  }

  /** @returns what is tried again. */
  async #someFailed(entries: readonly FailedEntry[], scope: DeliveryScope): Promise<BatchEntry[]> {
    const { failed } = this.#context;
    const again: FailedEntry[] = [];
    for (const { entry, thrown } of entries) {
      if (this.#open([entry], thrown, scope).length === 0) continue;
      entry.failures += 1;
      if (failed.actionFor(thrown, entry.failures) === 'retry') again.push({ entry, thrown });
      else await this.#giveUp({ entry, thrown }, scope);
    }
    const worst = again.toSorted((a, b) => b.entry.failures - a.entry.failures)[0];
    if (worst !== undefined) {
      const { entry, thrown } = worst;
      await failed.pause(entry.record.topic, thrown, entry.failures, again.length, scope);
    }
    return again.map(({ entry }) => entry);
  }

  #giveUp({ entry, thrown }: FailedEntry, scope: DeliveryScope): Promise<void> {
    const { record, failures } = entry;
    return this.#context.failed.giveUp(record, record.topic, thrown, failures, scope);
  }

  /** A record that was acknowledged is done, whatever its handler throws afterwards. */
  #open(entries: readonly BatchEntry[], thrown: unknown, scope: DeliveryScope): BatchEntry[] {
    const open = entries.filter(({ record }) => scope.isOpen(record.offset));
    const acknowledged = entries.length - open.length;
    if (acknowledged > 0)
      this.#context.warn(
        `a handler has failed after it acknowledged ${acknowledged} record(s): ${describeError(errorOf(thrown))}`,
      );
    return open;
  }
}

/** Parts a batch by what its handler says; `undefined` when it says nothing, or names no record of the batch. */
function failedEntries(
  entries: readonly BatchEntry[],
  thrown: unknown,
): { done: BatchEntry[]; failed: FailedEntry[]; untried: BatchEntry[] } | undefined {
  if (!(thrown instanceof BatchFailedException)) return undefined;
  const errors = new Map(thrown.failures.map(({ index, error }) => [index, error]));
  const failed = entries.flatMap((entry, index) => (errors.has(index) ? [{ entry, thrown: errors.get(index) }] : []));
  if (failed.length === 0 || failed.length < errors.size) return undefined;
  const untried = entries.slice(thrown.untriedFrom);
  const done = entries.filter((_, index) => !errors.has(index) && index < thrown.untriedFrom);
  return { done, failed, untried };
}
