import { describe, expect, it } from '@jest/globals';
import { IdleWatch } from './idle-watch.js';

describe('IdleWatch', () => {
  const twoInputs = (): IdleWatch => new IdleWatch(['left/0', 'right/0'], { afterMs: 1_000, maxGapMs: 2_000 });

  function answer(watch: IdleWatch, ...timesMs: readonly number[]): void {
    for (const atMs of timesMs) {
      watch.observe('left/0', atMs);
      watch.observe('right/0', atMs);
    }
  }

  it('is idle once every partition was confirmed caught up for long enough', () => {
    const watch = twoInputs();

    answer(watch, 100, 600);
    expect(watch.idleSinceMs()).toBeUndefined();
    answer(watch, 1_100);

    expect(watch.idleSinceMs()).toBe(100);
  });

  it('is not idle while one partition has something new', () => {
    const watch = twoInputs();
    answer(watch, 100, 600, 1_100);

    watch.observe('left/0', undefined);

    expect(watch.idleSinceMs()).toBeUndefined();
  });

  it('is not idle because of one answer, however long ago the last record was', () => {
    const watch = twoInputs();

    answer(watch, 60_000);

    expect(watch.idleSinceMs()).toBeUndefined();
  });

  it('starts anew after a stall, as the process may have missed records meanwhile', () => {
    const watch = twoInputs();

    answer(watch, 100, 600, 60_000);
    expect(watch.idleSinceMs()).toBeUndefined();
    answer(watch, 60_500, 61_000);

    expect(watch.idleSinceMs()).toBe(60_000);
  });

  it('counts an answer once, however often it is shown', () => {
    const watch = new IdleWatch(['left/0'], { afterMs: 0 });

    for (let shown = 0; shown < 10; shown++) watch.observe('left/0', 100);

    expect(watch.idleSinceMs()).toBeUndefined();
  });

  it('forgets everything when a record is processed', () => {
    const watch = twoInputs();
    answer(watch, 100, 600, 1_100);

    watch.reset();

    expect(watch.idleSinceMs()).toBeUndefined();
  });
});
