import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TaskError } from '@millrace/kernel';
import { MemoryStoreEngine } from '@millrace/streams/testing';
import type { StoragePlace, StoreEngine, TaskStorage } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { runtimeChannels, type FailureEvent, type RestoreEvent } from '../diagnostics/channels.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
let failures: FailureEvent[];
let restored: RestoreEvent[];
let unsubscribe: readonly (() => void)[];

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 3, counts: 1 });
  failures = [];
  restored = [];
  unsubscribe = [
    runtimeChannels.failed.subscribe((event) => void failures.push(event)),
    runtimeChannels.restored.subscribe((event) => void restored.push(event)),
  ];
});

afterEach(async () => {
  for (const each of unsubscribe) each();
  await apps.stop();
  await cluster.stop();
});

/** Keeps stores in memory, counts what is open, and does not open those of one task, or write them, for a while. */
class FailingEngine implements StoreEngine {
  readonly #engine = new MemoryStoreEngine();
  readonly #fails: 'opening' | 'writing';
  isBroken = true;
  opened = 0;

  constructor(fails: 'opening' | 'writing' = 'opening') {
    this.#fails = fails;
  }

  open(place: StoragePlace): TaskStorage {
    const fail = (what: 'opening' | 'writing'): void => {
      if (place.taskId !== '0_1' || !this.isBroken || this.#fails !== what) return;
      throw new TaskError('MR_STORE_FAILED', 'the disk is gone');
    };
    fail('opening');
    const storage = this.#engine.open(place);
    this.opened++;
    return {
      store: (name) => storage.store(name),
      position: (store) => storage.position(store),
      write: (stores) => {
        fail('writing');
        storage.write(stores);
      },
      wipe: (store) => storage.wipe(store),
      close: () => {
        this.opened--;
        storage.close();
      },
    };
  }
}

describe('a task that cannot be opened', () => {
  it('waits as one that has failed, while the others of its thread are opened and run', async () => {
    const engine = new FailingEngine();
    const given = numbered(300);
    await cluster.produce('events', given);
    const app = await apps.start(counting(), {
      storeEngines: { failing: engine },
      defaultStoreEngine: 'failing',
      maxTaskRestarts: 1_000,
    });

    await eventually('the others run', () => {
      const states = app
        .health()
        .threads.flatMap(({ tasks }) => tasks.map(({ taskId, state }) => `${taskId} ${state}`));
      return ['counting/0_0 RUNNING', 'counting/0_1 RESTARTING', 'counting/0_2 RUNNING'].every((each) =>
        states.includes(each),
      );
    });
    await eventually('it was tried again', () => failures.length > 2);
    expect(new Set(failures.map(({ action, taskId }) => `${action} ${taskId}`))).toEqual(
      new Set(['restart-task counting/0_1']),
    );
    engine.isBroken = false;
    await app.drained();
    await expectCountedOnce(cluster, given);
    await app.stop();

    expect(engine.opened).toBe(0);
  });

  it('ends the application when it goes on like that, and nothing stays open', async () => {
    const engine = new FailingEngine();
    const app = await apps.start(counting(), {
      storeEngines: { failing: engine },
      defaultStoreEngine: 'failing',
      maxTaskRestarts: 1,
    });

    await expect(app.finished).rejects.toMatchObject({ code: 'MR_TASK_FAILED', disposition: 'stop-app' });
    await app.stop();

    expect(engine.opened).toBe(0);
  });
});

describe('a task that cannot be restored', () => {
  it('waits alone: those that were started together with it are restored once, and run', async () => {
    const given = numbered(300);
    await cluster.produce('events', given.slice(0, 200));
    const before = await apps.start(counting());
    await before.drained();
    await before.stop();
    restored = [];
    const engine = new FailingEngine('writing');
    const app = await apps.start(counting(), {
      storeEngines: { failing: engine },
      defaultStoreEngine: 'failing',
      maxTaskRestarts: 1_000,
    });

    await eventually('it was tried again', () => failures.length > 2);
    const tasks = app.health().threads.flatMap((thread) => thread.tasks);
    expect(
      tasks
        .filter(({ state }) => state === 'RUNNING')
        .map(({ taskId }) => taskId)
        .sort(),
    ).toEqual(['counting/0_0', 'counting/0_2']);
    expect(new Set(failures.map(({ action, taskId }) => `${action} ${taskId}`))).toEqual(
      new Set(['restart-task counting/0_1']),
    );
    const phases = restored
      .filter(({ partition }) => partition !== 1)
      .map(({ partition, phase }) => `${partition} ${phase}`);
    expect(phases.sort()).toEqual(['0 ended', '0 started', '2 ended', '2 started']);
    engine.isBroken = false;
    await cluster.produce('events', given.slice(200));
    await app.drained();

    await expectCountedOnce(cluster, given);
  });
});
