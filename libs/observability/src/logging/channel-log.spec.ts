import { afterEach, describe, expect, it } from '@jest/globals';
import { diagnosticsChannel, ManualClock } from '@millrace/kernel';
import { ChannelLog } from './channel-log.js';
import { createLogger } from './logger.js';

const clock = new ManualClock();
const lines: {
  readonly level: string;
  readonly msg: string;
  readonly millrace: Record<string, unknown>;
  readonly err?: object;
}[] = [];
const logger = createLogger({
  service: 'test',
  clock,
  level: 'info',
  destination: { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[number]) },
});

let log: ChannelLog;

async function started(): Promise<void> {
  log = new ChannelLog(logger, clock);
  await log.start();
}

afterEach(async () => {
  await log.stop();
  lines.length = 0;
  clock.advance(60_000);
});

describe('ChannelLog', () => {
  it('writes what people should read, at the level that it deserves', async () => {
    await started();
    const failed = {
      applicationId: 'enrichment',
      thread: 't-1',
      code: 'MR_TASK_FENCED',
      message: 'fenced',
      delayMs: 0,
    };
    diagnosticsChannel('runtime.failed').publish({ ...failed, action: 'rejoin', cause: new Error('why') });
    diagnosticsChannel('runtime.failed').publish({ ...failed, action: 'stop', cause: undefined });
    diagnosticsChannel('resilience:breaker').publish({ policy: 'postgres', state: 'open' });
    expect(lines).toMatchObject([
      {
        level: 'error',
        msg: 'a stream thread failed',
        millrace: { channel: 'runtime.failed', applicationId: 'enrichment', code: 'MR_TASK_FENCED' },
        err: { message: 'why' },
      },
      { level: 'fatal' },
      { level: 'warn', millrace: { channel: 'resilience:breaker', policy: 'postgres', state: 'open' } },
    ]);
  });

  it('leaves out what happens all the time and what is below the level of the logger', async () => {
    await started();
    diagnosticsChannel('runtime.processed').publish({ records: 5 });
    diagnosticsChannel('client:transaction').publish({ event: 'committed' });
    diagnosticsChannel('runtime.task-state').publish({ state: 'RUNNING' });
    expect(lines).toEqual([]);
  });

  it('makes a flood a trickle and says how much it left out', async () => {
    await started();
    for (let nth = 0; nth < 1_000; nth++) diagnosticsChannel('runtime.dead-lettered').publish({ offset: nth });
    expect(lines).toHaveLength(10);
    clock.advance(1_000);
    diagnosticsChannel('runtime.dead-lettered').publish({ offset: 1_000 });
    expect(lines.at(-1)?.millrace).toMatchObject({ offset: 1_000, suppressedLines: 990 });
  });

  it('writes nothing after it was stopped, nor without a logger', async () => {
    await started();
    await log.stop();
    const silent = new ChannelLog(undefined);
    await silent.start();
    diagnosticsChannel('resilience:breaker').publish({ policy: 'postgres', state: 'open' });
    await silent.stop();
    expect(lines).toEqual([]);
  });
});
