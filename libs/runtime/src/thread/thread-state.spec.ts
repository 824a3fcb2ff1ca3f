import { describe, expect, it } from '@jest/globals';
import { ThreadStateMachine, type ThreadState } from './thread-state.js';

describe('ThreadStateMachine', () => {
  it('reports each change once, and none for staying where it is', () => {
    const changes: [ThreadState, ThreadState][] = [];
    const machine = new ThreadStateMachine((from, to) => changes.push([from, to]));

    machine.moveTo('STARTING');
    machine.moveTo('RUNNING');
    machine.moveTo('RUNNING');

    expect(changes).toEqual([
      ['CREATED', 'STARTING'],
      ['STARTING', 'RUNNING'],
    ]);
  });

  it('refuses to come back from the dead', () => {
    const machine = new ThreadStateMachine(() => undefined);
    machine.moveTo('STARTING');
    machine.moveTo('DEAD');

    expect(() => machine.moveTo('RUNNING')).toThrow(/cannot go from DEAD to RUNNING/);
    expect(machine.state).toBe('DEAD');
  });

  it('accepts no new work once it shuts down', () => {
    const machine = new ThreadStateMachine(() => undefined);
    machine.moveTo('STARTING');
    machine.moveTo('PENDING_SHUTDOWN');

    expect(() => machine.moveTo('RUNNING')).toThrow(/MR_LIFECYCLE_ORDER|cannot go from/);
  });
});
