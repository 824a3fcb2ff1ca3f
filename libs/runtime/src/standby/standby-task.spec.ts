import { beforeEach, describe, expect, it } from '@jest/globals';
import type { FetchedBatch } from '@millrace/client';
import { RecordBatchBuilder } from '@millrace/protocol';
import { StoreSet, TopologyBuilder, topic, utf8, type SubTopology } from '@millrace/streams';
import { layOutTasks, type TaskPlacement } from '../assignment/task-layout.js';
import { StandbyTask } from './standby-task.js';

const rows = topic('rows', utf8, utf8);
const t = new TopologyBuilder('tables');
t.table('rows', rows, { store: 'rows' }).toStream('changes').groupByKey().count('count', { store: 'counts' });
const topology = t.build();
const sub = topology.subTopologies[0] as SubTopology;
const layout = { key: 'tables/0', topics: ['rows'], isStateful: true };
const placement = layOutTasks([layout], new Map([['rows', 1]]))[0] as TaskPlacement;
const collector = { partitionCount: () => 1, send: () => undefined };
const ROWS = { topic: 'rows', partition: 0 };

/** Records with the offsets from `startOffset` on, as they were fetched. */
function fetched(startOffset: number, count: number): FetchedBatch {
  const builder = new RecordBatchBuilder();
  for (let nth = 0; nth < count; nth++) builder.append(nth, Buffer.from(`k${startOffset + nth}`), Buffer.from('row'));
  const nextOffset = startOffset + count;
  const ends = { highWatermark: nextOffset, lastStableOffset: nextOffset };
  const records = builder.build({ baseOffset: startOffset });
  return { ...ROWS, records, startOffset, nextOffset, abortedTransactions: [], ...ends };
}

describe('StandbyTask', () => {
  let standby: StandbyTask;

  beforeEach(() => {
    standby = new StandbyTask(
      placement,
      new StoreSet(topology, sub, { applicationId: 'app', partition: 0, collector }),
    );
    for (const { store } of standby.unbegun) standby.stores.reached(store, 0);
  });

  it('reads the topic of a table only as far as the group has committed', () => {
    expect(standby.places().map(({ topic: name }) => name)).not.toContain('rows');

    standby.allow(ROWS, 3);
    expect(standby.places()).toContainEqual({ ...ROWS, offset: 0 });
    expect(standby.apply(fetched(0, 5))).toBe(false);

    expect(standby.stores.store('rows').size()).toBe(3);
    expect(standby.places()).not.toContainEqual(expect.objectContaining(ROWS));
    standby.allow(ROWS, 4);
    expect(standby.places()).toContainEqual({ ...ROWS, offset: 3 });
  });

  it('takes only records that go on where its store is', () => {
    standby.allow(ROWS, 100);

    expect(standby.apply(fetched(0, 2))).toBe(true);
    expect(standby.apply(fetched(5, 2))).toBe(false);
    expect(standby.apply(fetched(2, 2))).toBe(true);

    expect(standby.stores.store('rows').size()).toBe(4);
  });

  it('knows its lag once it knows the ends of all its changelogs', () => {
    standby.allow(ROWS, 10);
    standby.apply(fetched(0, 4));
    expect(standby.progress.lagRecords).toBeUndefined();
    expect(standby.progress.total).toEqual({ position: 4, end: 10 });

    standby.sawEnd({ topic: 'app-counts-changelog', partition: 0 }, 7);
    expect(standby.progress.lagRecords).toBe(6 + 7);
    expect(standby.progress.total).toEqual({ position: 4, end: 17 });
  });
});
