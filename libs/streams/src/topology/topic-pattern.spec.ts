import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, TopologyError, json, patternMatches, topic, topicPattern, utf8 } from '../index.js';
import { TopologyTestDriver } from '../testing/index.js';

const orders = topicPattern(/orders\.[a-z]+/, utf8, utf8);
const counts = topic('counts', utf8, json<number>());

function counting(): TopologyBuilder {
  const builder = new TopologyBuilder('shops');
  builder
    .stream('orders', orders)
    .groupByKey()
    .count('count', { store: 'order-counts', value: json<number>() })
    .toStream('counted')
    .to('out', counts);
  return builder;
}

describe('topicPattern', () => {
  it('matches whole names, and never a dead-letter topic', () => {
    expect(patternMatches(/orders/, 'orders')).toBe(true);
    expect(patternMatches(/a|orders/g, 'orders')).toBe(true);
    expect(patternMatches(/orders/, 'orders.us')).toBe(false);
    expect(patternMatches(/.*/, 'orders-dlt')).toBe(false);
  });

  it('feeds one stream from all topics that match, those too that come later, with one state', async () => {
    const driver = new TopologyTestDriver(counting().build(), { partitions: 2 });

    await driver.input(topic('orders.us', utf8, utf8)).pipe('a', 'x');
    await driver.input(topic('orders.de', utf8, utf8)).pipe('a', 'y');
    await driver.input(topic('orders.us', utf8, utf8)).pipe('a', 'z');
    driver.restart();
    await driver.input(topic('orders.fr', utf8, utf8)).pipe('a', 'z');

    expect(driver.output(counts).readValues()).toEqual([1, 2, 3, 4]);
    await expect(driver.input(topic('returns.us', utf8, utf8)).pipe('a', 'x')).rejects.toThrow(
      "does not read 'returns.us'",
    );
  });

  it('is shown by describe(), as it was written', () => {
    expect(counting().build().describe()).toContain('Source: orders (topic: /orders\\.[a-z]+/)');
  });

  it('must not match a topic that the topology reads otherwise', () => {
    const builder = counting();
    builder.table('germany', topic('orders.de', utf8, utf8), { store: 'germany' });

    expect(() => builder.build()).toThrow(TopologyError);
    expect(() => builder.build()).toThrow(/'orders.de' is read by 'germany', and matches .* of 'orders'/);
  });
});
