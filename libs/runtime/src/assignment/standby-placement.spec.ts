import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeMemberShare } from './member-share.js';
import { encodeMemberData, type TaskProgress } from './member-data.js';
import { TaskAssignor, type TaskAssignorSettings } from './task-assignor.js';
import { layOutTasks, type SubTopologyLayout, type TaskPlacement } from './task-layout.js';

const TOTALS: SubTopologyLayout = { key: 'flights/0', topics: ['flights'], isStateful: true };
const MAP: SubTopologyLayout = { key: 'plain/0', topics: ['raw'], isStateful: false };
const COUNTS = new Map([
  ['flights', 6],
  ['raw', 2],
]);
const TASKS = layOutTasks([TOTALS, MAP], COUNTS);
/** Records in the changelog of each stateful task. */
const END = 1_000;
const PROBE_MS = 600_000;

interface Process {
  readonly id: string;
  readonly rack?: string;
}

/** A group as its members see it: what each runs, and how far its stores are. */
class Group {
  readonly active = new Map<string, Set<string>>();
  readonly stores = new Map<string, Map<string, number>>();
  rounds = 0;
  probes = 0;
  readonly #assignor: TaskAssignor;

  constructor(settings: Partial<TaskAssignorSettings> = {}) {
    this.#assignor = new TaskAssignor([TOTALS, MAP], {
      acceptableRecoveryLag: 100,
      standbyReplicas: 0,
      maxWarmupReplicas: 2,
      probingRebalanceIntervalMs: PROBE_MS,
      ...settings,
    });
  }

  /** One rebalance with these processes: no task is given to anybody while another one owns it. @returns whether one was revoked. */
  round(processes: readonly Process[]): boolean {
    const members = processes.map(({ id, rack }) => ({
      memberId: id,
      topics: [...COUNTS.keys()],
      ownedPartitions: TASKS.filter(({ key }) => this.active.get(id)?.has(key)).flatMap((task) => [...task.partitions]),
      generationId: 1,
      userData: encodeMemberData({
        processId: id,
        ...(rack !== undefined && { rack }),
        progress: this.#progressOf(id),
        joins: this.rounds,
      }),
    }));
    const shares = this.#assignor.assign(members, COUNTS);
    const reversed = this.#assignor.assign(members.toReversed(), COUNTS);
    expect(new Map([...reversed].sort())).toEqual(new Map([...shares].sort()));
    const before = new Map(this.active);
    const beforeStores = new Map(this.stores);
    this.active.clear();
    this.stores.clear();
    this.rounds++;
    this.probes = 0;
    let isRevoked = false;
    for (const { id } of processes) {
      const { partitions = [], userData = null } = shares.get(id) ?? {};
      const { standbys, probeAfterMs } = decodeMemberShare(userData);
      if (probeAfterMs !== undefined) this.probes++;
      const active = TASKS.filter((task) =>
        task.partitions.every((each) =>
          partitions.some((one) => one.topic === each.topic && one.partition === each.partition),
        ),
      );
      this.active.set(id, new Set(active.map(({ key }) => key)));
      const kept = beforeStores.get(id) ?? new Map<string, number>();
      this.stores.set(id, new Map(standbys.map((key) => [key, kept.get(key) ?? 0])));
      for (const { key, subTopology } of active) if (subTopology.isStateful) this.stores.get(id)?.set(key, END);
      if ([...(before.get(id) ?? [])].some((key) => !this.active.get(id)?.has(key))) isRevoked = true;
      for (const [other, tasks] of before) {
        if (other === id || !processes.some((each) => each.id === other)) continue;
        for (const key of tasks) expect(this.active.get(id)).not.toContain(key);
      }
    }
    return isRevoked;
  }

  /** Rebalances until nobody has to give up a task. */
  settle(processes: readonly Process[]): this {
    for (let more = true, rounds = 0; more; rounds++) {
      if (rounds > 8) throw new Error('the assignment does not settle');
      more = this.round(processes);
    }
    return this;
  }

  /** Rebalances, with stores caught up in between, until nobody waits for any. */
  balance(processes: readonly Process[]): this {
    this.settle(processes);
    for (let probes = 0; this.probes > 0; probes++) {
      if (probes > TASKS.length) throw new Error('the stores never get warm enough');
      this.catchUp();
      this.settle(processes);
    }
    return this;
  }

  /** All stores are followed to the ends of their changelogs. */
  catchUp(): void {
    for (const stores of this.stores.values()) for (const key of stores.keys()) stores.set(key, END);
  }

  /** The stateful tasks whose stores a process has, without running them. */
  followed(id: string): string[] {
    return [...(this.stores.get(id)?.keys() ?? [])].filter((key) => this.active.get(id)?.has(key) !== true);
  }

  sizes(): number[] {
    return [...this.active.values()].map(({ size }) => size);
  }

  #progressOf(id: string): Record<string, TaskProgress> {
    return Object.fromEntries([...(this.stores.get(id) ?? [])].map(([key, position]) => [key, { position, end: END }]));
  }
}

const [A, B, C] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }] as const;
const stateful = TASKS.filter(({ subTopology }) => subTopology.isStateful);

describe('warm-ups', () => {
  it('assigns at once where nobody has stores', () => {
    const group = new Group();
    group.round([A, B]);

    expect(group.sizes()).toEqual([4, 4]);
    expect(group.probes).toBe(0);
  });

  it('leaves a stateful task where its stores are, and builds them up at a newcomer first', () => {
    const group = new Group().settle([A]);
    group.settle([A, B]);

    expect(group.sizes()).toEqual([6, 2]);
    expect(stateful.every(({ key }) => group.active.get('a')?.has(key))).toBe(true);
    expect(group.followed('b')).toHaveLength(2);
    expect(group.probes).toBe(1);
  });

  it('moves a task once the stores at its destination lag no more than is acceptable', () => {
    const group = new Group().settle([A]).settle([A, B]);
    const warming = group.followed('b');
    for (const key of warming) group.stores.get('b')?.set(key, END - 101);
    group.settle([A, B]);
    expect(group.followed('b')).toEqual(warming);

    for (const key of warming) group.stores.get('b')?.set(key, END - 100);
    group.settle([A, B]);

    expect(group.sizes()).toEqual([4, 4]);
    expect(warming.every((key) => group.active.get('b')?.has(key))).toBe(true);
    expect(group.probes).toBe(0);
  });

  it('moves at once what is quickly restored', () => {
    const group = new Group({ acceptableRecoveryLag: END }).settle([A]).settle([A, B]);

    expect(group.sizes()).toEqual([4, 4]);
    expect(group.probes).toBe(0);
  });

  it('warms up no more stores at one time than allowed', () => {
    const group = new Group({ maxWarmupReplicas: 1 }).settle([A]).settle([A, B]);
    expect(group.followed('b')).toHaveLength(1);

    group.balance([A, B]);
    expect(group.sizes()).toEqual([4, 4]);
  });
});

describe('standbys', () => {
  it('take over when the process of the active task is gone', () => {
    const group = new Group({ standbyReplicas: 1, acceptableRecoveryLag: 0 }).balance([A, B, C]);
    group.catchUp();
    const lost = [...(group.active.get('a') ?? [])].filter((key) => key.startsWith('flights'));
    const standbyOf = new Map(lost.map((key) => [key, ['b', 'c'].find((id) => group.followed(id).includes(key))]));
    group.round([B, C]);

    for (const [key, id] of standbyOf) expect(group.active.get(id as string)).toContain(key);
  });

  it('are on another rack than the active task, where there is one', () => {
    const processes = [
      { id: 'a', rack: 'one' },
      { id: 'b', rack: 'one' },
      { id: 'c', rack: 'two' },
      { id: 'd', rack: 'two' },
    ];
    const group = new Group({ standbyReplicas: 1 }).balance(processes);

    for (const [id, rack] of processes.map((each) => [each.id, each.rack])) {
      for (const key of group.followed(id as string)) {
        const active = processes.find((each) => group.active.get(each.id)?.has(key));
        expect(active?.rack).not.toBe(rack);
      }
    }
  });

  it('keep the stores of an active task that moves away', () => {
    const group = new Group({ standbyReplicas: 1, acceptableRecoveryLag: END }).settle([A]);
    group.settle([A, B]);

    for (const key of group.active.get('b') ?? []) {
      if (key.startsWith('flights')) expect(group.stores.get('a')?.get(key)).toBe(END);
    }
  });
});

describe('a placement', () => {
  const membership = fc.array(
    fc
      .uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { minLength: 1 })
      .map((ids) => ids.map((id) => ({ id, ...(id < 'd' && { rack: id < 'b' ? 'one' : 'two' }) }))),
    { minLength: 1, maxLength: 5 },
  );
  const settings = fc.record({
    standbyReplicas: fc.nat(2),
    maxWarmupReplicas: fc.integer({ min: 1, max: 3 }),
    acceptableRecoveryLag: fc.constantFrom(0, 100, END),
  });

  it('runs every task once, level, with standbys on other processes, through any joins and leaves, and then rests', () => {
    fc.assert(
      fc.property(membership, settings, (steps, chosen) => {
        const group = new Group(chosen);
        for (const processes of steps) {
          group.balance(processes);
          const running = [...group.active.values()].flatMap((tasks) => [...tasks]);
          expect(running.toSorted()).toEqual(TASKS.map(({ key }: TaskPlacement) => key).toSorted());
          expect(Math.max(...group.sizes()) - Math.min(...group.sizes())).toBeLessThanOrEqual(1);
          const replicas = Math.min(chosen.standbyReplicas, processes.length - 1);
          for (const { key } of stateful) {
            expect(processes.filter(({ id }) => group.followed(id).includes(key))).toHaveLength(replicas);
          }
          const rest = JSON.stringify([
            [...group.active].map(([id, tasks]) => [id, [...tasks]]),
            processes.map(({ id }) => group.followed(id).toSorted()),
          ]);
          group.round(processes);
          expect(
            JSON.stringify([
              [...group.active].map(([id, tasks]) => [id, [...tasks]]),
              processes.map(({ id }) => group.followed(id).toSorted()),
            ]),
          ).toBe(rest);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('never moves a stateful task to stores that lag more than is acceptable while better ones run it', () => {
    fc.assert(
      fc.property(membership, (steps) => {
        const group = new Group();
        for (const processes of steps) {
          const before = new Map([...group.active].filter(([id]) => processes.some((each) => each.id === id)));
          group.settle(processes);
          for (const { key } of stateful) {
            const owner = [...before].find(([, tasks]) => tasks.has(key))?.[0];
            if (owner !== undefined) expect(group.active.get(owner)).toContain(key);
          }
          group.catchUp();
          group.balance(processes);
        }
      }),
      { numRuns: 100 },
    );
  });
});
