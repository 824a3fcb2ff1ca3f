import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TopologyBuilder, topic, utf8, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Apps } from '../../test/apps.js';
import { EmbeddedCluster } from '../../test/embedded-cluster.js';

const left = topic('left', utf8, utf8);
const right = topic('right', utf8, utf8);
const out = topic('out', utf8, utf8);

/** A left join within an hour: an unmatched record is only emitted once its window has closed. */
function joining(idleAfterMs: number | undefined): Topology {
  const t = new TopologyBuilder('joining');
  if (idleAfterMs !== undefined) t.idleAdvance('idle', { after: idleAfterMs });
  const rights = t.stream('rights', right);
  t.stream('lefts', left)
    .leftJoin('joined', rights, {
      within: { before: '1h', after: '1h' },
      grace: '1m',
      join: (value, other) => `${value}+${other ?? 'nothing'}`,
      value: utf8,
    })
    .to('out', out);
  return t.build();
}

let cluster: EmbeddedCluster;
const apps = new Apps(() => cluster);
const values = async (): Promise<(string | null)[]> => (await cluster.read('out')).map(({ value }) => value);

beforeEach(async () => {
  cluster = await EmbeddedCluster.start({ left: 1, right: 1, out: 1 });
});

afterEach(async () => {
  await apps.stop();
  await cluster.stop();
});

describe('idle advance', () => {
  it('closes the last windows although no record follows them, once all inputs have been idle for long enough', async () => {
    const app = await apps.start(joining(300));
    await cluster.produce('left', [
      { key: 'a', value: 'L1', timestampMs: 1_000 },
      { key: 'b', value: 'L2', timestampMs: 2_000 },
    ]);
    await cluster.produce('right', [{ key: 'a', value: 'R1', timestampMs: 3_000 }]);

    await app.drained();

    expect((await values()).toSorted()).toEqual(['L1+R1', 'L2+nothing']);
  });

  it('does not happen unless the topology asks for it', async () => {
    const app = await apps.start(joining(undefined));
    await cluster.produce('left', [{ key: 'b', value: 'L2', timestampMs: 2_000 }]);

    await app.drained();

    expect(await values()).toEqual([]);
  });

  it('is put off while the caller knows of more input', async () => {
    let isReplaying = true;
    const app = await apps.start(joining(100), { mayAdvanceIdle: () => !isReplaying });
    await cluster.produce('left', [{ key: 'a', value: 'L1', timestampMs: 1_000 }]);
    let isDrained = false;
    const drained = app.drained().then(() => (isDrained = true));
    await eventually('the record is processed', () => app.metrics.recordsProcessed === 1);
    await cluster.produce('right', [{ key: 'a', value: 'R1', timestampMs: 3_000 }]);
    await eventually('the match is emitted', async () => (await values()).length === 1);
    expect(isDrained).toBe(false);

    isReplaying = false;
    await drained;

    expect(await values()).toEqual(['L1+R1']);
  });

  it('survives a restart: windows that were open are closed by the next process', async () => {
    const first = await apps.start(joining(undefined));
    await cluster.produce('left', [{ key: 'b', value: 'L2', timestampMs: 2_000 }]);
    await first.drained();
    await first.stop();

    const second = await apps.start(joining(200));
    await second.drained();

    expect(await values()).toEqual(['L2+nothing']);
  });
});
