import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { verifyExports } from './verify-exports.mjs';

const FLIGHTS = `dep_time,dep_delay,arr_delay,carrier,flight,tailnum,origin,dest,minute,time_hour
517,2,11,UA,1545,N14228,EWR,IAH,15,2013-01-01T10:00:00Z
533,-4,NA,UA,1714,N24211,LGA,IAH,29,2013-01-01T10:00:00Z
NA,NA,NA,B6,725,NA,JFK,BQN,45,2013-01-01T10:00:00Z
2359,30,-5,B6,727,N804JB,JFK,IAH,59,2013-01-02T04:00:00Z
`;
const TABLES = {
  flights: FLIGHTS,
  weather:
    'origin,temp,wind_speed,time_hour\nEWR,39.02,10.357019999999999,2013-01-01T10:00:00Z\nLGA,NA,0,2013-01-01T10:00:00Z\n',
  planes: 'tailnum,model\nN14228,737-824\n',
  airlines: 'carrier,name\nUA,United Air Lines Inc.\nB6,JetBlue Airways\n',
  airports: 'faa,name\nIAH,George Bush Intercontinental\n',
};
const MANIFEST = [
  { partition: 0, firstOffset: 0, lastOffset: 1, records: 2 },
  { partition: 0, firstOffset: 2, lastOffset: 4, records: 1 },
  { partition: 1, firstOffset: 0, lastOffset: 1, records: 1 },
].map((range, nth) => ({ object: `o${nth}`, topic: 'flights.enriched', ...range, bytes: 9, sha256: 'ab'.repeat(32) }));
const EXPORT = {
  'airport_hourly.csv': `origin,hour,departures,cancelled,delay_sum_minutes,delay_max_minutes
EWR,2013-01-01T10:00:00Z,1,0,2,2
LGA,2013-01-01T10:00:00Z,1,0,-4,-4
JFK,2013-01-01T10:00:00Z,0,1,0,
JFK,2013-01-02T04:00:00Z,1,0,30,30
`,
  'carrier_daily.csv': `carrier,date,flights,cancelled,arrival_delay_sum_minutes
UA,2013-01-01,2,0,11
B6,2013-01-01,1,1,0
B6,2013-01-02,1,0,-5
`,
  'enriched.csv': `carrier,flight,origin,dest,time_hour,minute,aircraft_model,carrier_name,dest_name,temp,wind_speed
UA,1545,EWR,IAH,2013-01-01T10:00:00Z,15,737-824,United Air Lines Inc.,George Bush Intercontinental,39.02,10.357019999999999
UA,1714,LGA,IAH,2013-01-01T10:00:00Z,29,,United Air Lines Inc.,George Bush Intercontinental,,0
B6,725,JFK,BQN,2013-01-01T10:00:00Z,45,,"JetBlue Airways",,,
B6,727,JFK,IAH,2013-01-02T04:00:00Z,59,,JetBlue Airways,George Bush Intercontinental,,
`,
  'manifest.json': JSON.stringify({ objects: MANIFEST }),
};

let folder: string;
const output: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'millrace-verify-'));
  output.length = 0;
  await mkdir(path.join(folder, 'data'));
  await mkdir(path.join(folder, 'export'));
  for (const [name, text] of Object.entries(TABLES))
    await writeFile(path.join(folder, 'data', `${name}.csv.gz`), gzipSync(text));
  for (const [name, text] of Object.entries(EXPORT)) await writeFile(path.join(folder, 'export', name), text);
});

afterEach(() => rm(folder, { recursive: true }));

function verify(): Promise<{ passed: number; failed: number }> {
  const dirs = { exportDir: path.join(folder, 'export'), dataDir: path.join(folder, 'data') };
  return verifyExports(dirs, (line) => output.push(line));
}

async function edit(name: keyof typeof EXPORT, change: (text: string) => string): Promise<void> {
  const file = path.join(folder, 'export', name);
  await writeFile(file, change(await readFile(file, 'utf8')));
}

describe('the verification of an export', () => {
  it('passes where every row is as SQL says', async () => {
    const { passed, failed } = await verify();

    expect(output.filter((line) => !line.startsWith('ok'))).toEqual([]);
    expect({ passed, failed }).toEqual({ passed: 28, failed: 0 });
  });

  it('takes unpacked data before packed data', async () => {
    await writeFile(path.join(folder, 'data', 'planes.csv'), 'tailnum,model\nN14228,A320\n');

    await verify();

    expect(output.join('\n')).toMatch(/expected aircraft_model=A320 {2}exported aircraft_model=737-824/);
  });

  describe.each(['airport_hourly.csv', 'carrier_daily.csv', 'enriched.csv'] as const)('of %s', (name) => {
    const lines = (text: string): string[] => text.trimEnd().split('\n');

    it('turns red for a dropped row and shows it', async () => {
      await edit(name, (text) => lines(text).toSpliced(2, 1).join('\n'));

      expect((await verify()).failed).toBeGreaterThanOrEqual(2);
      expect(output.join('\n')).toMatch(/FAILED .*: no row is missing\n +1 row\(s\) missing/);
    });

    it('turns red for a doubled row and shows it', async () => {
      await edit(name, (text) => [...lines(text), lines(text)[1]].join('\n'));

      expect((await verify()).failed).toBeGreaterThanOrEqual(2);
      expect(output.join('\n')).toMatch(/FAILED .*: no row is doubled\n +1 row\(s\) doubled.*\n.*times=2/);
    });

    it('turns red for a row that takes the place of another', async () => {
      await edit(name, (text) =>
        lines(text)
          .toSpliced(2, 1, lines(text)[1] as string)
          .join('\n'),
      );

      expect((await verify()).failed).toBeGreaterThanOrEqual(2);
    });
  });

  it.each([
    ['airport_hourly.csv', ',2,2\n', ',3,2\n', 'expected delay_sum_minutes=2  exported delay_sum_minutes=3'],
    [
      'airport_hourly.csv',
      ',0,1,0,\n',
      ',0,1,0,0\n',
      'expected delay_max_minutes=(empty)  exported delay_max_minutes=0',
    ],
    [
      'carrier_daily.csv',
      ',-5\n',
      ',-5.0\n',
      'expected arrival_delay_sum_minutes=-5  exported arrival_delay_sum_minutes=-5.0',
    ],
    [
      'enriched.csv',
      '10.357019999999999',
      '10.35702',
      'expected wind_speed=10.357019999999999  exported wind_speed=10.35702',
    ],
    ['enriched.csv', ',,0\n', ',,\n', 'expected wind_speed=0  exported wind_speed=(empty)'],
  ] as const)('turns red for a changed value in %s: %j', async (name, from, to, shown) => {
    await edit(name, (text) => text.replace(from, to));

    expect((await verify()).failed).toBeGreaterThanOrEqual(1);
    expect(output.join('\n')).toContain(shown);
  });

  it.each([
    ['a gap', 'a gap, 2 was to come next', { firstOffset: 3 }],
    ['an overlap', 'an overlap, 2 was to come next', { firstOffset: 1 }],
    ['too many records', 'cannot hold 4 records', { records: 4 }],
    ['a missing digest', '"lastOffset":4', { sha256: '' }],
  ])('turns red for %s in the manifest', async (_what, shown, change) => {
    const objects = MANIFEST.with(1, { ...(MANIFEST[1] as (typeof MANIFEST)[number]), ...change });
    await edit('manifest.json', () => JSON.stringify(objects));

    expect((await verify()).failed).toBeGreaterThanOrEqual(1);
    expect(output.join('\n')).toContain(shown);
  });

  it('turns red for a file that is missing', async () => {
    await rm(path.join(folder, 'export', 'enriched.csv'));

    expect((await verify()).failed).toBeGreaterThanOrEqual(1);
    expect(output.join('\n')).toMatch(/FAILED {2}enriched\.csv: can be read/);
  });
});
