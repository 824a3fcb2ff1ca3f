import { describe, expect, it } from '@jest/globals';
import { eventOf, USERS } from './events.mjs';
import { WindowTotals } from './window-totals.mjs';

const RECORDS_PER_WINDOW = 2 * USERS;
/** The last window holds each user's first event alone. */
const TOTAL_RECORDS = RECORDS_PER_WINDOW + USERS;

const numberOf = (user: string): number => Number(user.slice('user-'.length));
const shape = { recordsPerWindow: RECORDS_PER_WINDOW, totalRecords: TOTAL_RECORDS };

/** The first user's two events in the first window. */
const user = numberOf(eventOf(0).user);
const [first, second] = [eventOf(0).amount, eventOf(USERS).amount];

describe('totals by user and window', () => {
  it('are right when each holds all events up to its latest one', () => {
    const totals = new WindowTotals(shape);
    expect(totals.take(user, 0, { count: 1, sum: first })).toBe(0);
    expect(totals.take(user, 0, { count: 2, sum: first + second })).toBe(USERS);
    expect(totals.take(user, 1, { count: 1, sum: eventOf(RECORDS_PER_WINDOW).amount })).toBe(RECORDS_PER_WINDOW);
    expect(totals).toMatchObject({ counted: 3, mistakes: 0 });
  });

  it('may leave out those in between', () => {
    const totals = new WindowTotals(shape);
    expect(totals.take(user, 0, { count: 2, sum: first + second })).toBe(USERS);
    expect(totals).toMatchObject({ counted: 2, mistakes: 0 });
  });

  it.each([
    ['twice', 1, { count: 1, sum: first }],
    ['with a sum of other events', 1, { count: 2, sum: first + second + 1 }],
    ['with more events than there are', 1, { count: 3, sum: first + second }],
  ])('are wrong when one comes %s', (_how, mistakes, total) => {
    const totals = new WindowTotals(shape);
    totals.take(user, 0, { count: 1, sum: first });
    totals.take(user, 0, total);
    expect(totals.mistakes).toBe(mistakes);
    expect(totals.firstMistake).toContain(`user ${user} in window 0`);
  });

  it('are wrong when one comes after all events of its window', () => {
    const totals = new WindowTotals(shape);
    for (let n = RECORDS_PER_WINDOW; n < TOTAL_RECORDS; n++) {
      totals.take(numberOf(eventOf(n).user), 1, { count: 1, sum: eventOf(n).amount });
    }
    expect(totals).toMatchObject({ counted: USERS, mistakes: 0 });
    totals.take(user, 1, { count: 2, sum: first });
    expect(totals.mistakes).toBe(1);
  });
});
