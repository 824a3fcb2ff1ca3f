import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, utf8, type Topology } from '../../index.js';
import { TopologyTestDriver } from '../index.js';

interface Payment {
  /** What the client chose for this payment; it sends the same again when it got no answer. */
  readonly id: string;
  readonly cents: number;
}

const HOUR_MS = 3_600_000;
const payments = topic('payments', utf8, json<Payment>());
const paymentsOnce = topic('payments.once', utf8, json<Payment>());

// #region topology
function deduplicated(): Topology {
  const t = new TopologyBuilder('payments-once');
  t.stream('payments', payments) // by account
    .deduplicate('by-id', {
      by: (payment) => payment.id,
      id: utf8,
      within: '1d',
      store: 'payments-seen',
    })
    .to('once', paymentsOnce);
  return t.build();
}
// #endregion

describe('cookbook: deduplicate', () => {
  // #region test
  it('passes a payment on once, also when its second copy comes after a crash', async () => {
    const driver = new TopologyTestDriver(deduplicated());
    const input = driver.input(payments);
    await input.pipe('ada', { id: 'p1', cents: 500 }, { timestampMs: 0 });
    driver.restart();
    await input.pipe('ada', { id: 'p1', cents: 500 }, { timestampMs: HOUR_MS });
    await input.pipe('ada', { id: 'p2', cents: 500 }, { timestampMs: HOUR_MS });

    const passed = driver.output(paymentsOnce).readValues();
    expect(passed.map((payment) => payment?.id)).toEqual(['p1', 'p2']);
  });
  // #endregion

  it('passes the same id again once the time is over, and recognises a copy that is older than its original', async () => {
    const driver = new TopologyTestDriver(deduplicated());
    const input = driver.input(payments);
    await input.pipe('ada', { id: 'p1', cents: 1 }, { timestampMs: 48 * HOUR_MS });
    await input.pipe('ada', { id: 'p1', cents: 2 }, { timestampMs: 47 * HOUR_MS });
    await input.pipe('ada', { id: 'p1', cents: 3 }, { timestampMs: 72 * HOUR_MS });

    const passed = driver.output(paymentsOnce).readValues();
    expect(passed.map((payment) => payment?.cents)).toEqual([1, 3]);
  });

  it('forgets by the latest record: copies that are both older than two days pass', async () => {
    const driver = new TopologyTestDriver(deduplicated());
    const input = driver.input(payments);
    await input.pipe('bob', { id: 'p9', cents: 9 }, { timestampMs: 100 * HOUR_MS });
    await input.pipe('ada', { id: 'p1', cents: 1 }, { timestampMs: 0 });
    await input.pipe('ada', { id: 'p1', cents: 1 }, { timestampMs: 0 });

    expect(driver.output(paymentsOnce).readValues()).toHaveLength(3);
  });

  it('does not recognise a copy under another key, which may be in another partition', async () => {
    const driver = new TopologyTestDriver(deduplicated(), { partitions: 2 });
    const input = driver.input(payments);
    for (const account of ['a', 'b', 'c', 'd']) await input.pipe(account, { id: 'p1', cents: 1 }, { timestampMs: 0 });

    expect(driver.output(paymentsOnce).readValues()).toHaveLength(2);
  });
});
