import { describe, expect, it } from '@jest/globals';
import { TaskHarness } from '../../test/task-harness.js';
import { TopologyBuilder, json, topic, tumbling, utf8, windowedKey, type Processor } from '../index.js';

const a = topic('a', utf8, json<number>());
const out = topic('out', windowedKey(utf8, 10), json<number>());
const plain = topic('out', utf8, json<number>());

function windowed(): TaskHarness {
  const builder = new TopologyBuilder('windowed');
  builder
    .stream('as', a)
    .groupByKey()
    .windowedBy(tumbling({ size: 10, grace: 0 }))
    .count('count', { store: 'counts' })
    .toStream('counted')
    .to('sink', out);
  const harness = new TaskHarness(builder);
  harness.task.startAt('a', 0, 0);
  harness.caughtUp('a');
  return harness;
}

function processing(create: () => Processor<string, number, string, number>): TaskHarness {
  const builder = new TopologyBuilder('processing');
  builder.stream('as', a).process('handler', { create }).to('sink', plain);
  return new TaskHarness(builder);
}

describe('a task that is rolled back', () => {
  it('goes on from its last commit: offsets, stores and stream times', async () => {
    const given = windowed();
    given.add('a', { at: 1, value: 1 }, { at: 2, value: 1 });
    await given.task.process(10, 0);
    given.task.committed();
    // Closes the first window, which is open again after the rollback.
    given.add('a', { at: 25, value: 1 });
    await given.task.process(10, 0);

    given.task.rollback();

    expect(given.task.streamTimeMs).toBe(2);
    expect(given.task.consumedOffsets()).toEqual([]);
    given.caughtUp('a');
    given.add('a', { at: 3, value: 1 });
    await given.task.process(10, 0);
    expect(given.values('out')).toEqual([1, 2, 1, 3]);
    expect(given.task.counters.droppedLate).toBe(0);
  });

  it('forgets the records that it was given and has not processed', async () => {
    const harness = windowed();
    harness.add('a', { at: 1, value: 1 }, { at: 2, value: 1 });
    await harness.task.process(1, 0);

    harness.task.rollback();

    expect(harness.task.hasRecords()).toBe(false);
    expect(harness.task.bufferedBytes).toBe(0);
    expect(harness.task.stores.get('counts')?.size()).toBe(0);
  });

  it('makes its processors anew, whose wall-clock punctuators keep their turns', async () => {
    const events: string[] = [];
    let made = 0;
    const harness = processing(() => {
      const nth = ++made;
      return {
        init: (context) => void context.schedule(10, 'wall-clock', (timeMs) => void events.push(`${nth} at ${timeMs}`)),
        process: () => undefined,
        close: () => void events.push(`${nth} closed`),
      };
    });
    await harness.task.punctuate(0);
    harness.task.rollback();
    await harness.task.punctuate(9);
    await harness.task.punctuate(10);

    expect(events).toEqual(['1 closed', '2 at 10']);
  });

  it('takes a turn by the wall clock again that was not committed, and one that was only once', async () => {
    const harness = processing(() => ({
      init: (context) => void context.schedule(10, 'wall-clock', (timeMs) => context.forward('turn', timeMs)),
      process: () => undefined,
    }));
    await harness.task.punctuate(0);
    await harness.task.punctuate(10);
    harness.task.rollback();
    await harness.task.punctuate(11);
    harness.task.committed();
    harness.task.rollback();
    await harness.task.punctuate(12);
    await harness.task.punctuate(20);

    expect(harness.values('out')).toEqual([10, 11, 20]);
  });

  it('tries a turn by the wall clock again that has failed', async () => {
    let failures = 0;
    const harness = processing(() => ({
      init: (context) =>
        void context.schedule(10, 'wall-clock', (timeMs) => {
          if (failures++ === 0) throw new Error('the first one fails');
          return context.forward('turn', timeMs);
        }),
      process: () => undefined,
    }));
    await harness.task.punctuate(0);
    harness.task.committed();
    await expect(harness.task.punctuate(10)).rejects.toMatchObject({ code: 'MR_TASK_FAILED' });
    harness.task.rollback();
    await harness.task.punctuate(11);

    expect(harness.values('out')).toEqual([11]);
  });
});
