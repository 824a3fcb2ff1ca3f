import { describe, expect, it } from '@jest/globals';
import { TopologyBuilder, bytes, header, json, topic, utf8, type RouteOptions } from '../index.js';
import { TopologyTestDriver } from '../testing/index.js';

interface Departed {
  readonly tail: string;
}

interface Delayed {
  readonly minutes: number;
}

const raw = topic('flight-events', utf8, bytes);
const departures = topic('departures', utf8, json<Departed>());
const delays = topic('delays', utf8, json<Delayed>());
const rest = topic('rest', utf8, bytes);
const types = { 'flight.departed': json<Departed>(), 'flight.delayed': json<Delayed>() };

type Event = ({ readonly kind: 'departed' } & Departed) | ({ readonly kind: 'delayed' } & Delayed);

function event(type: string): { readonly headers: readonly { readonly key: string; readonly value: Buffer }[] } {
  return { headers: [{ key: 'event-type', value: Buffer.from(type) }] };
}

function routed(unknown: 'dead-letter' | 'ignore'): TopologyTestDriver {
  const builder = new TopologyBuilder('routing');
  const routes = builder.stream('events', raw).route('by-type', { by: header('event-type'), types, unknown });
  routes['flight.departed'].to('departures-out', departures);
  routes['flight.delayed'].filter('late', ({ minutes }) => minutes > 15).to('delays-out', delays);
  return new TopologyTestDriver(builder.build());
}

describe('route', () => {
  it('reads each type of event by its own serde, told by a header', async () => {
    const driver = routed('dead-letter');
    const input = driver.input(raw);
    await input.pipe('UA1', Buffer.from('{"tail":"N14228"}'), event('flight.departed'));
    await input.pipe('UA1', Buffer.from('{"minutes":20}'), event('flight.delayed'));
    await input.pipe('UA1', Buffer.from('{"minutes":5}'), event('flight.delayed'));

    expect(driver.output(departures).readValues()).toEqual([{ tail: 'N14228' }]);
    expect(driver.output(delays).readRecords()).toMatchObject([
      { value: { minutes: 20 }, headers: [{ key: 'event-type' }] },
    ]);
  });

  it('makes a dead letter of what it does not know or cannot read, or ignores the unknown', async () => {
    const strict = routed('dead-letter');
    await strict.input(raw).pipe('UA1', Buffer.from('{}'), event('flight.diverted'));
    await strict.input(raw).pipe('UA1', Buffer.from('{}'));
    await strict.input(raw).pipe('UA1', Buffer.from('{broken'), event('flight.departed'));
    const lenient = routed('ignore');
    await lenient.input(raw).pipe('UA1', Buffer.from('{}'), event('flight.diverted'));

    expect(strict.deadLetters(raw).map(({ code, node }) => [code, node])).toEqual([
      ['MR_RECORD_REJECTED', 'by-type'],
      ['MR_RECORD_REJECTED', 'by-type'],
      ['MR_RECORD_UNREADABLE', 'by-type'],
    ]);
    expect(lenient.deadLetters(raw)).toEqual([]);
  });

  it('gives the rest as a stream of bytes where that is asked for', async () => {
    const builder = new TopologyBuilder('routing');
    const routes = builder
      .stream('events', raw)
      .route('by-type', { by: header('event-type'), types, unknown: 'other' });
    routes['flight.departed'].to('departures-out', departures);
    routes.other.to('rest-out', rest);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(raw).pipe('UA1', Buffer.from('{"tail":"N14228"}'), event('flight.departed'));
    await driver.input(raw).pipe('UA1', Buffer.from('?'), event('flight.diverted'));

    expect(driver.output(rest).readValues()).toEqual([Buffer.from('?')]);
  });

  it('parts values by a field that names their type', async () => {
    const events = topic('events', utf8, json<Event>());
    const builder = new TopologyBuilder('routing');
    const routes = builder.stream('events', events).routeBy('by-kind', 'kind', ['departed', 'delayed']);
    routes.departed.mapValues('tail', ({ tail }) => ({ tail })).to('departures-out', departures);
    routes.delayed.mapValues('minutes', ({ minutes }) => ({ minutes })).to('delays-out', delays);
    const driver = new TopologyTestDriver(builder.build());
    await driver.input(events).pipe('UA1', { kind: 'delayed', minutes: 3 });
    await driver.input(events).pipe('UA1', { kind: 'departed', tail: 'N1' });

    expect(driver.output(departures).readValues()).toEqual([{ tail: 'N1' }]);
    expect(driver.output(delays).readValues()).toEqual([{ minutes: 3 }]);
  });

  it('knows its types when it is compiled', () => {
    const builder = new TopologyBuilder('routing');
    const options: RouteOptions<string, typeof types, 'dead-letter'> = { by: header('event-type'), types };
    const routes = builder.stream('events', raw).route('by-type', options);
    // @ts-expect-error there is no such type of event
    void routes['flight.diverted'];
    // @ts-expect-error nobody has asked for the rest
    void routes.other;
    const values = new TopologyBuilder('values').stream('departures', departures);
    // @ts-expect-error values that are read already are not bytes
    expect(() => values.route('by-type', options)).not.toThrow();
  });
});
