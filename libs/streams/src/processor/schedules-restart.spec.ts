import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, json, topic, tumbling, utf8 } from '../index.js';
import { TopologyTestDriver } from '../testing/topology-test-driver.js';

const input = topic('input', utf8, json<number>());
const turns = topic('turns', utf8, json<number>());

function turning(by: 'stream-time' | 'wall-clock'): TopologyTestDriver {
  const builder = new TopologyBuilder('turns');
  builder
    .stream('in', input)
    .process('turn', {
      create: () => ({
        init: (context) => {
          context.schedule(10, by, (timeMs) => context.forward('turn', timeMs));
        },
        process: () => undefined,
      }),
    })
    .to('out', turns);
  return new TopologyTestDriver(builder.build());
}

describe('turns of a punctuator after a restart', () => {
  it('by stream time are not repeated: the next one is due where it was', async () => {
    const driver = turning('stream-time');
    for (const timestampMs of [3, 14, 17, 21, 29]) {
      await driver.input(input).pipe('k', 1, { timestampMs });
      driver.restart();
    }
    expect(driver.output(turns).readValues()).toEqual([3, 14, 21]);
  });

  it('by the wall clock come when they would have come', async () => {
    const driver = turning('wall-clock');
    for (let at = 0; at < 25; at += 5) {
      await driver.advanceWallClock(5);
      driver.restart();
    }
    expect(driver.output(turns).readValues()).toEqual([10, 20]);
  });

  it('close windows for good, although no record came', async () => {
    const builder = new TopologyBuilder('turns');
    builder
      .stream('in', input)
      .process('turn', {
        create: () => ({
          init: (context) => {
            context.schedule(100, 'wall-clock', (timestampMs) => context.forward('k', 1, { timestampMs }));
          },
          process: ({ key, value }, context) => context.forward(key, value),
        }),
      })
      .groupByKey()
      .windowedBy(tumbling({ size: 10, grace: 0 }))
      .count('counts', { store: 'counts' })
      .toStream('all');
    const driver = new TopologyTestDriver(builder.build());
    await driver.advanceWallClock(0);
    await driver.advanceWallClock(100);
    driver.restart();
    await driver.input(input).pipe('k', 1, { timestampMs: 5 });

    expect(driver.counters().droppedLate).toBe(1);
  });
});
