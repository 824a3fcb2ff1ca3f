import { describe, expect, it } from '@jest/globals';
import { RecordError } from '@millrace/kernel';
import { TaskHarness } from '../../test/task-harness.js';
import { TopologyBuilder, json, topic, utf8, type ErrorPolicy } from '../index.js';

const a = topic('a', utf8, json<unknown>());
const b = topic('b', utf8, json<unknown>());
const out = topic('out', utf8, json<unknown>());

function merging(options: { readonly maxTaskIdleMs?: number } = {}): TaskHarness {
  const builder = new TopologyBuilder('merging');
  builder.stream('as', a).merge('both', builder.stream('bs', b)).to('sink', out);
  return new TaskHarness(builder, options);
}

function failing(cause: unknown, policy: Partial<ErrorPolicy> = {}, isAsync = false): TaskHarness {
  const builder = new TopologyBuilder('failing');
  builder
    .stream('as', a)
    .process('fails-on-bad', {
      create: () => ({
        process: (record, context) => {
          if (record.value !== 'bad') return context.forward(record.key, record.value);
          if (isAsync) return Promise.resolve().then(() => Promise.reject(cause as Error));
          throw cause;
        },
      }),
    })
    .to('sink', out);
  const harness = new TaskHarness(builder, { policy });
  harness.caughtUp('a');
  return harness;
}

describe('the choice among the inputs of a task', () => {
  it('takes the records of all inputs in order of their timestamps', async () => {
    const harness = merging();
    harness.add('a', { at: 1, value: 'a1' }, { at: 4, value: 'a4' });
    harness.add('b', { at: 2, value: 'b2' }, { at: 3, value: 'b3' });
    harness.caughtUp('a', 'b');
    await harness.task.process(10, 0);

    expect(harness.values('out')).toEqual(['a1', 'b2', 'b3', 'a4']);
  });

  it('keeps the order of a partition, whatever its timestamps', async () => {
    const harness = merging();
    harness.add('a', { at: 9, value: 'a9' }, { at: 1, value: 'a1' });
    harness.add('b', { at: 5, value: 'b5' });
    harness.caughtUp('a', 'b');
    await harness.task.process(10, 0);

    expect(harness.values('out')).toEqual(['b5', 'a9', 'a1']);
  });

  it('waits for an empty input that may have more on the broker, however long that takes', async () => {
    const harness = merging();
    harness.add('a', { at: 5, value: 'a5' });

    expect(await harness.task.process(10, 1_000_000)).toBe(0);
    expect(harness.task.headTimestampMs(1_000_000)).toBeUndefined();

    harness.add('b', { at: 3, value: 'b3' });
    harness.caughtUp('a', 'b');
    await harness.task.process(10, 1_000_000);
    expect(harness.values('out')).toEqual(['b3', 'a5']);
  });

  it('waits up to maxTaskIdle for an input that is empty and caught up', async () => {
    const harness = merging({ maxTaskIdleMs: 100 });
    harness.caughtUp('a', 'b');
    harness.add('a', { at: 5, value: 'a5' });

    expect(await harness.task.process(10, 1_000)).toBe(0);
    expect(await harness.task.process(10, 1_099)).toBe(0);
    expect(await harness.task.process(10, 1_100)).toBe(1);
  });

  it('starts to wait anew once every input had a record', async () => {
    const harness = merging({ maxTaskIdleMs: 100 });
    harness.caughtUp('a', 'b');
    harness.add('a', { at: 5, value: 'a5' }, { at: 7, value: 'a7' });
    await harness.task.process(10, 1_000);
    harness.add('b', { at: 6, value: 'b6' });
    await harness.task.process(10, 1_050);
    expect(harness.values('out')).toEqual(['a5', 'b6']);

    expect(await harness.task.process(10, 1_149)).toBe(0);
    expect(await harness.task.process(10, 1_150)).toBe(1);
  });

  it('reports offsets to commit past what it has processed, and nothing new after the commit', async () => {
    const harness = merging();
    harness.add('a', { at: 1, value: 'a1' }, { at: 9, value: 'a9' });
    harness.caughtUp('a', 'b');
    await harness.task.process(1, 0);

    expect(harness.task.consumedOffsets()).toMatchObject([{ topic: 'a', partition: 0, offset: 1 }]);
    harness.task.committed();
    expect(harness.task.consumedOffsets()).toEqual([]);
  });
});

describe('what a task does about a record that fails', () => {
  it('sends one that cannot be read to the dead-letter topic, and stops the app where the policy says so', async () => {
    const lenient = failing(undefined);
    lenient.add('a', { at: 1, value: null, raw: '{broken' }, { at: 2, value: 'good' });
    await lenient.task.process(10, 0);
    expect(lenient.sent.map((each) => [each.topic, each.value])).toEqual([
      ['a-dlt', '{broken'],
      ['out', '"good"'],
    ]);

    const strict = failing(undefined, { onDeserializationError: 'stop-app' });
    strict.add('a', { at: 1, value: null, raw: '{broken' });
    expect(() => strict.task.process(10, 0)).toThrow(
      expect.objectContaining({ code: 'MR_TASK_FAILED', disposition: 'stop-app' }),
    );
  });

  for (const isAsync of [false, true]) {
    const how = isAsync ? 'a promise that is rejected' : 'an error that is thrown';
    const process = async (harness: TaskHarness): Promise<number> => harness.task.process(10, 0);

    it(`stops the app by default (${how})`, async () => {
      const harness = failing(new Error('secret payload'), {}, isAsync);
      harness.add('a', { at: 1, value: 'good' }, { at: 2, value: 'bad' }, { at: 3, value: 'good' });

      const failure = await process(harness).catch((cause: unknown) => cause);
      expect(failure).toMatchObject({
        code: 'MR_TASK_FAILED',
        disposition: 'stop-app',
        message: "task 0_0 failed at a-0@1: Error (in 'fails-on-bad')",
      });
      expect(harness.task.consumedOffsets()).toMatchObject([{ topic: 'a', offset: 1 }]);
    });

    it(`restarts the task where the policy says so (${how})`, async () => {
      const harness = failing(new Error('x'), { onProcessingError: 'restart-task' }, isAsync);
      harness.add('a', { at: 2, value: 'bad' });

      await expect(process(harness)).rejects.toMatchObject({ disposition: 'restart-task' });
    });

    it(`sends a failed record to the dead-letter topic and goes on, in order (${how})`, async () => {
      const harness = failing(new Error('x'), { onProcessingError: 'dead-letter' }, isAsync);
      harness.add('a', { at: 1, value: 1 }, { at: 2, value: 'bad' }, { at: 3, value: 3 });

      expect(await process(harness)).toBe(3);
      expect(harness.sent.map((each) => [each.topic, each.value])).toEqual([
        ['out', '1'],
        ['a-dlt', '"bad"'],
        ['out', '3'],
      ]);
      expect(harness.task.counters).toMatchObject({ processed: 3, deadLettered: 1 });
    });

    it(`lets the error's own disposition win over the policy (${how})`, async () => {
      const harness = failing(
        new RecordError('MR_RECORD_UNREADABLE', 'no'),
        { onProcessingError: 'stop-app' },
        isAsync,
      );
      harness.add('a', { at: 2, value: 'bad' });

      expect(await process(harness)).toBe(1);
      expect(harness.task.counters.deadLettered).toBe(1);
    });
  }
});
