import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DeliveryLedger } from './delivery-ledger.js';
import { LEDGER_FILE_VARIABLE, ledgerTable, readLedgerRows } from './ledger-table.js';

const ids = ['a', 'b', 'c', 'd'];

/** A ledger of a fault that has fired, with four records sent and acknowledged. */
function aLedger(): DeliveryLedger {
  const ledger = new DeliveryLedger('kill -9');
  ledger.fired('SIGKILL');
  ledger.sent(...ids);
  ledger.acknowledged(...ids);
  return ledger;
}

describe('the ledger', () => {
  it('finds nothing wrong where each acknowledged record was seen once', () => {
    const ledger = aLedger();
    ledger.seen('d', 'b', 'a', 'c');

    expect(ledger.problems()).toEqual([]);
    expect(ledger.row).toEqual({
      fault: 'kill -9',
      fired: 'SIGKILL',
      sent: 4,
      acknowledged: 4,
      seen: 4,
      doubled: 0,
      lost: 0,
      leaked: 0,
    });
  });

  it('notices a record that was seen twice', () => {
    const ledger = aLedger();
    ledger.seen(...ids, 'b');

    expect(ledger.row).toMatchObject({ seen: 4, doubled: 1, lost: 0 });
    expect(ledger.problems()).toEqual(['1 doubled: b']);
  });

  it('notices an acknowledged record that was not seen', () => {
    const ledger = aLedger();
    ledger.seen('a', 'b', 'd');

    expect(ledger.row).toMatchObject({ seen: 3, doubled: 0, lost: 1 });
    expect(ledger.problems()).toEqual(['1 lost: c']);
  });

  it('notices what was seen of an aborted transaction, and of what nobody has sent', () => {
    const ledger = aLedger();
    ledger.takenBack('d');
    ledger.seen(...ids, 'never sent');

    expect(ledger.row).toMatchObject({ leaked: 2, lost: 0 });
    expect(ledger.problems()).toEqual(['2 leaked: d, never sent']);
  });

  it('lets a record be there or not whose sender never learned what became of it', () => {
    const ledger = aLedger();
    ledger.sent('unknown, there', 'unknown, not there');
    ledger.seen(...ids, 'unknown, there');

    expect(ledger.problems()).toEqual([]);
    expect(ledger.row).toMatchObject({ sent: 6, acknowledged: 4, seen: 5 });
  });

  it('is content with no test whose fault left no trace, or in which nothing was acknowledged', () => {
    expect(new DeliveryLedger('kill -9').problems()).toEqual([
      'nothing shows that the fault has fired',
      'no record was acknowledged: there is nothing to lose',
    ]);
  });

  it('refuses an id that was sent before', () => {
    expect(() => aLedger().sent('a')).toThrow('the id a was sent before');
  });
});

describe('a settled ledger', () => {
  let folder: string;
  let file: string;
  const before = process.env[LEDGER_FILE_VARIABLE];
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'millrace-ledger-'));
    file = path.join(folder, 'ledgers.ndjson');
    process.env[LEDGER_FILE_VARIABLE] = file;
    jest.spyOn(process.stdout, 'write').mockReturnValue(true);
  });
  afterEach(() => {
    jest.restoreAllMocks();
    if (before === undefined) delete process.env[LEDGER_FILE_VARIABLE];
    else process.env[LEDGER_FILE_VARIABLE] = before;
    rmSync(folder, { recursive: true });
  });

  it('stands in the table of the run, that of a failed test too', () => {
    const good = aLedger();
    good.seen(...ids);
    const bad = aLedger();
    bad.seen('a', 'a', 'b', 'c');

    good.settle();
    expect(() => bad.settle()).toThrow('kill -9: 1 doubled: a; 1 lost: d');

    expect(ledgerTable(readLedgerRows(file))).toBe(
      [
        '| fault   | fired   | sent | acknowledged | seen | doubled | lost | leaked |',
        '| ------- | ------- | ---: | -----------: | ---: | ------: | ---: | -----: |',
        '| kill -9 | SIGKILL |    4 |            4 |    4 |       0 |    0 |      0 |',
        '| kill -9 | SIGKILL |    4 |            4 |    3 |       1 |    1 |      0 |',
      ].join('\n'),
    );
  });

  it('leaves no row where nobody has asked for a ledger', () => {
    expect(readLedgerRows(file)).toEqual([]);
  });
});
