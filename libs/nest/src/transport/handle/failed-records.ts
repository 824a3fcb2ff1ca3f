import { describeError, isMillraceError, sleep, type Clock, type Random } from '@millrace/kernel';
import { runtimeChannels } from '@millrace/runtime';
import { TRANSPORT_THREAD } from '../consume/group-reader.js';
import { Interrupted } from '../consume/interrupted.js';
import type { DeliveryScope } from '../consume/partition-worker.js';
import {
  actionFor,
  mayRepeat,
  pauseMs,
  type FailureAction,
  type ResolvedTransportErrorPolicy,
} from '../error-policy.js';
import { askedDelayMs, errorOf } from '../errors/handler-error.js';
import type { ReceivedRecord } from '../record/received-record.js';
import type { DeadLetters } from './dead-letters.js';
import type { RecordOutlet } from './record-outlet.js';
import { retryHeaders, retryTopic } from './retry-topics.js';

/** What {@link FailedRecords} works with. */
export interface FailureContext {
  readonly groupId: string;
  readonly policy: ResolvedTransportErrorPolicy;
  readonly outlet: RecordOutlet;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly random: Random;
  /** Tells people, not machines. */
  readonly warn: (message: string) => void;
}

/** Decides about records that have failed, and carries it out. */
export class FailedRecords {
  readonly #context: FailureContext;

  constructor(context: FailureContext) {
    this.#context = context;
  }

  /** What is to be done about a record that has failed so many times. */
  actionFor(thrown: unknown, failures: number): FailureAction {
    return actionFor(this.#context.policy, thrown, failures);
  }

  /**
   * Waits before the next attempt.
   *
   * @throws {Interrupted} when the partition is given up meanwhile.
   */
  async pause(
    pattern: string,
    thrown: unknown,
    failures: number,
    records: number,
    scope: DeliveryScope,
  ): Promise<void> {
    const { groupId, policy, clock, random } = this.#context;
    const place = { applicationId: groupId, thread: TRANSPORT_THREAD, node: pattern };
    runtimeChannels.retried.publish({ ...place, where: 'in-place', records });
    await sleep(clock, pauseMs(policy, thrown, failures, random.next()), scope.closing);
  }

  /**
   * Ends the handling of a record that is not tried again in place: it is settled afterwards.
   *
   * @param failures how often it has failed in place.
   * @throws the error itself where the policy wants the server to fail.
   */
  async giveUp(
    record: ReceivedRecord,
    pattern: string,
    thrown: unknown,
    failures: number,
    scope: DeliveryScope,
  ): Promise<void> {
    const attempts = failures + (record.retry?.attempts ?? 0);
    if (await this.#sendToRetryTopic(record, pattern, thrown, attempts, scope)) {
      scope.settle(record.offset);
      return;
    }
    const action = this.actionFor(thrown, Infinity);
    if (action === 'stop-app') throw errorOf(thrown);
    if (action === 'dead-letter')
      await this.#context.deadLetters.send(record, { thrown, pattern, attempts }, scope.closing);
    this.#tell(record, pattern, thrown, attempts, action);
    scope.settle(record.offset);
  }

  /** @returns false when the record has no retry topic before it. */
  async #sendToRetryTopic(
    record: ReceivedRecord,
    pattern: string,
    thrown: unknown,
    attempts: number,
    scope: DeliveryScope,
  ): Promise<boolean> {
    const { groupId, policy, clock, outlet } = this.#context;
    const tier = (record.retry?.tier ?? 0) + 1;
    const delayMs = policy.retryDelaysMs[tier - 1];
    if (delayMs === undefined || !mayRepeat(policy, thrown)) return false;
    const notBeforeMs = clock.nowMs() + Math.max(delayMs, askedDelayMs(thrown));
    const headers = retryHeaders(record, { notBeforeMs, tier, attempts }, pattern, thrown);
    await outlet.send(retryTopic(groupId, record.topic, tier), record, headers, scope.closing);
    const place = { applicationId: groupId, thread: TRANSPORT_THREAD, node: pattern };
    runtimeChannels.retried.publish({ ...place, where: 'retry-topic', records: 1 });
    return true;
  }

  #tell(record: ReceivedRecord, pattern: string, thrown: unknown, attempts: number, action: FailureAction): void {
    const { topic, partition, offset } = record;
    const error = errorOf(thrown);
    const place = `${topic}-${partition} at offset ${offset}`;
    const fate = action === 'dead-letter' ? 'is a dead letter' : 'is passed over';
    this.#context.warn(`the record of ${place} ${fate} after ${attempts} attempt(s): ${describeError(error)}`);
    if (action === 'dead-letter') return;
    runtimeChannels.failed.publish({
      applicationId: this.#context.groupId,
      thread: TRANSPORT_THREAD,
      taskId: pattern,
      code: isMillraceError(error) ? error.code : 'MR_RECORD_REJECTED',
      message: `a record of ${place} was passed over`,
      action: 'skip',
      delayMs: 0,
      cause: thrown,
    });
  }
}

/** Throws when nothing must be begun any more. */
export function throwIfClosing({ closing }: DeliveryScope): void {
  if (closing.aborted) throw new Interrupted();
}
