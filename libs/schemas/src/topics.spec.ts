import { describe, expect, it } from '@jest/globals';
import { departure, sampleValues } from '../test/sample-values.js';
import { allContracts, contractOf, topics } from './topics.js';

describe('topics', () => {
  it('have the names that stand in Kafka, each once', () => {
    expect(allContracts().map(({ name }) => name)).toEqual([
      'flights.departures',
      'weather.observations',
      'reference.aircraft',
      'reference.carriers',
      'reference.airports',
      'flights.enriched',
      'airport.hourly',
      'carrier.daily',
    ]);
  });

  it('are found by that name', () => {
    expect(contractOf('flights.departures')).toBe(topics.departures);
    expect(contractOf('flights')).toBeUndefined();
  });

  it.each<[string, unknown, string]>([
    ['flights.departures', 'N14228', '2013-01-01T10:15:00.000Z'],
    ['weather.observations', 'EWR', '2013-01-01T10:00:00.000Z'],
    ['reference.aircraft', 'N14228', '2012-01-01T00:00:00.000Z'],
    ['reference.carriers', 'UA', '2012-01-01T00:00:00.000Z'],
    ['reference.airports', 'IAH', '2012-01-01T00:00:00.000Z'],
    ['flights.enriched', 'EWR', '2013-01-01T10:15:00.000Z'],
    ['airport.hourly', { origin: 'EWR', hour: '2013-01-01T10:00:00Z' }, '2013-01-01T10:00:00.000Z'],
    ['carrier.daily', { carrier: 'UA', date: '2013-01-01' }, '2013-01-01T00:00:00.000Z'],
  ])('take key and event time of %s from its value', (name, key, time) => {
    const contract = contractOf(name);
    expect(contract?.keyOf(sampleValues[name])).toEqual(key);
    expect(new Date(contract?.timestampMsOf(sampleValues[name]) ?? NaN).toISOString()).toBe(time);
  });

  it('give a flight without a tail number no key', () => {
    expect(topics.departures.keyOf(departure({ tailNumber: null }))).toBeNull();
  });

  it('that are joined with each other have the same number of partitions', () => {
    expect(topics.aircraft.creation.partitions).toBe(topics.departures.creation.partitions);
  });

  it('keep events of any age, and the last value of each key of tables', () => {
    for (const { name, creation } of allContracts()) {
      const isEvents = ['flights.departures', 'weather.observations', 'flights.enriched'].includes(name);
      expect(creation.configs).toEqual(
        isEvents ? { 'cleanup.policy': 'delete', 'retention.ms': '-1' } : { 'cleanup.policy': 'compact' },
      );
    }
  });
});
