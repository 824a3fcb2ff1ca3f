import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TaskError } from '@millrace/kernel';
import { MemoryStoreEngine } from '@millrace/streams/testing';
import type { StoragePlace, StoreEngine, TaskStorage } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { counting, events, expectCountedOnce, numbered } from '../../test/counting.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';
import { runtimeChannels, type FailureEvent } from '../diagnostics/channels.js';

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
let failures: FailureEvent[];
let unsubscribe: () => void;

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ [events.name]: 3, counts: 1 });
  failures = [];
  unsubscribe = runtimeChannels.failed.subscribe((event) => void failures.push(event));
});

afterEach(async () => {
  unsubscribe();
  await apps.stop();
  await cluster.stop();
});

/** Keeps stores in memory, counts what is open, and does not open those of one task for a while. */
class FailingEngine implements StoreEngine {
  readonly #engine = new MemoryStoreEngine();
  isBroken = true;
  opened = 0;

  open(place: StoragePlace): TaskStorage {
    if (place.taskId === '0_1' && this.isBroken) throw new TaskError('MR_STORE_FAILED', 'the disk is gone');
    const storage = this.#engine.open(place);
    this.opened++;
    return {
      store: (name) => storage.store(name),
      position: (store) => storage.position(store),
      write: (stores) => storage.write(stores),
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
