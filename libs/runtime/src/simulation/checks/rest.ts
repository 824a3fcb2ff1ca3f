import type { Folded } from '../workload/folded.js';
import type { AppProcess } from '../world/app-slot.js';
import type { SimulatedWorld } from '../world/simulated-world.js';
import type { Auditor } from './auditor.js';
import { Violation } from './violation.js';

export const STOP_WITHIN_MS = 60_000;
/** How often it is looked whether something has come to be. */
const LOOK_MS = 200;

/** Waits until everything is consumed and nothing moves any more. @throws {Violation} when that does not come to be. */
export async function comeToRest(world: SimulatedWorld, auditor: Auditor): Promise<void> {
  if (!(await comesToBe(world, () => auditor.lag === 0))) {
    const lag = JSON.stringify(auditor.lagByPlace());
    // Whether somebody hangs shows when all are asked to stop.
    await world.within('every process stops', STOP_WITHIN_MS, world.stopAll());
    throw new Violation('lag-drains', `records are not consumed ${world.patienceMs} ms after the last fault: ${lag}`);
  }
  // It takes a request to be refused; and two processes with one instance id may fence each other for a while.
  await comesToBe(world, () => unrefused(world).length === 0 && unendedZombies(world).length === 0);
  for (const { host } of unrefused(world)) {
    throw new Violation('zombie-refused', `${host.name} was left behind by its group and never told so`);
  }
  for (const { host } of unendedZombies(world)) {
    throw new Violation('zombie-refused', `${host.name} goes on although another process has its instance id`);
  }
  do {
    if (!(await comesToBe(world, () => isSettled(world)))) {
      const health = world.slots.map(({ current }) => current?.app.health());
      throw new Violation('nothing-hangs', `tasks do not come to run: ${JSON.stringify(health)}`);
    }
    const drained = Promise.all(world.slots.map(async ({ current }) => current?.app.drained()));
    await world.within('every process says that it is drained', world.patienceMs, drained);
    // Meanwhile a process that was late to hear of it may have made the group assign anew.
  } while (!isSettled(world));
  for (const { current } of world.slots) {
    const behind = current?.app.lag().find(({ lagRecords }) => lagRecords > 0);
    if (behind !== undefined) throw new Violation('lag-drains', `a drained process lags: ${JSON.stringify(behind)}`);
  }
}

/** What the stores of running tasks hold. */
export function heldStates(world: SimulatedWorld): ReadonlyMap<string, Folded> {
  const held = new Map<string, Folded>();
  for (const { store } of world.handlers.openStores) {
    for (const [key, { value }] of store.entries()) held.set(key, value);
  }
  return held;
}

/** Processes that stood still while their group moved on, and were not refused since. */
function unrefused({ disturber, wire }: SimulatedWorld): readonly AppProcess[] {
  const strays = disturber.zombies.filter(({ process, refusalsBefore, generationBefore }) => {
    const { name } = process.host;
    // One whose member was still waited for may have joined in time.
    const isInOrder = wire.refusalsOf(name) > refusalsBefore || wire.generationOf(name) > generationBefore;
    return !process.isOver && !isInOrder;
  });
  return strays.map(({ process }) => process);
}

function unendedZombies({ slots }: SimulatedWorld): readonly AppProcess[] {
  return slots.flatMap((slot) => slot.unendedZombies);
}

async function comesToBe(world: SimulatedWorld, isSo: () => boolean): Promise<boolean> {
  const untilMs = world.time.monotonicMs() + world.patienceMs;
  while (world.time.monotonicMs() < untilMs) {
    await world.pass(LOOK_MS);
    if (isSo()) return true;
  }
  return false;
}

/** Whether every process runs, and every task on exactly one of them. */
function isSettled({ slots, handlers, partitions }: SimulatedWorld): boolean {
  const threads = slots.flatMap(({ current }) => current?.app.health().threads ?? []);
  const tasks = threads.flatMap((thread) => thread.tasks);
  return (
    slots.every(({ current }) => current?.app.state === 'RUNNING') &&
    threads.every(({ state }) => state === 'RUNNING') &&
    tasks.every(({ state }) => state === 'RUNNING') &&
    tasks.length === new Set(tasks.map(({ taskId }) => taskId)).size &&
    handlers.openStores.length === partitions
  );
}
