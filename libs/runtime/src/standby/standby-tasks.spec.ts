import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TaskError } from '@millrace/kernel';
import { StoreSet, type SubTopology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { counting } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { layOutTasks, type TaskPlacement } from '../assignment/task-layout.js';
import { runtimeChannels, type FailureEvent } from '../diagnostics/channels.js';
import { StandbyTasks } from './standby-tasks.js';

const topology = counting();
const sub = topology.subTopologies[0] as SubTopology;
const layout = { key: 'counting/0', topics: ['events'], isStateful: true };
const placement = layOutTasks([layout], new Map([['events', 1]]))[0] as TaskPlacement;
const collector = { partitionCount: () => 1, send: () => undefined };
const CHANGELOG = 'app-event-counts-changelog';

let cluster: EmbeddedCluster;
let failures: FailureEvent[];
let unsubscribe: () => void;
beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ events: 1, [CHANGELOG]: 1 });
  failures = [];
  unsubscribe = runtimeChannels.failed.subscribe((event) => failures.push(event));
});
afterEach(async () => {
  unsubscribe();
  await cluster.stop();
});

/** Stores that claim to have more than the changelog ever held. */
function storesFromElsewhere(): StoreSet {
  const stores = new StoreSet(topology, sub, { applicationId: 'app', partition: 0, collector });
  for (const { store } of stores.changelogs) stores.reached(store, 1_000);
  return stores;
}

describe('StandbyTasks', () => {
  it('gives up a standby whose stores cannot be made anew, and follows it when it is told to again', async () => {
    const made: (() => StoreSet)[] = [
      storesFromElsewhere,
      () => {
        throw new TaskError('MR_STORE_FAILED', 'the disk is full');
      },
      () => new StoreSet(topology, sub, { applicationId: 'app', partition: 0, collector }),
    ];
    const standbys = new StandbyTasks({
      place: { applicationId: 'app', thread: 'app-0' },
      cluster: cluster.client,
      placements: () => [placement],
      createStores: () => (made.shift() as () => StoreSet)(),
      committedOffsets: () => Promise.resolve([]),
    });

    standbys.follow([placement.key]);
    await eventually('it is given up', () => standbys.all.length === 0);
    expect(failures.map(({ action, code }) => `${action} ${code}`)).toEqual(['skip MR_STORE_FAILED']);
    standbys.follow([placement.key]);
    await eventually('it is followed', () => standbys.all.some(({ unbegun }) => unbegun.length === 0));

    await standbys.stop();
    expect(standbys.all).toEqual([]);
  });
});
