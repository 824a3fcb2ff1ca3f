import { describe, expect, it } from '@jest/globals';
import { DrainWatch } from './drain-watch.js';

const PARTITIONS = ['left/0', 'right/0'];

function look(watch: DrainWatch, activity: number, caughtUpAtMs: number | undefined): boolean {
  return watch.isDrained({ activity, partitions: PARTITIONS, caughtUpAtMs: () => caughtUpAtMs });
}

describe('DrainWatch', () => {
  it('sees the end after two answers that showed nothing new', () => {
    const watch = new DrainWatch(() => undefined);

    expect(look(watch, 7, 100)).toBe(false);
    expect(look(watch, 7, 100)).toBe(false);
    expect(look(watch, 7, 200)).toBe(true);
  });

  it('starts anew when something was done meanwhile', () => {
    const watch = new DrainWatch(() => undefined);
    look(watch, 7, 100);

    expect(look(watch, 8, 200)).toBe(false);
    expect(look(watch, 8, 300)).toBe(true);
  });

  it('starts anew when a partition has more', () => {
    const watch = new DrainWatch(() => undefined);
    look(watch, 7, 100);
    look(watch, 7, undefined);

    expect(look(watch, 7, 200)).toBe(false);
  });

  it('sees a thread without tasks as drained', () => {
    const watch = new DrainWatch(() => undefined);

    expect(watch.isDrained({ activity: 0, partitions: [], caughtUpAtMs: () => undefined })).toBe(true);
  });
});
