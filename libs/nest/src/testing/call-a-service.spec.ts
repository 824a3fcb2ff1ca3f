import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock, TransientError } from '@millrace/kernel';
import type { ExecutionPolicy } from '@millrace/resilience';
import { json, topic, utf8, type TopologyBuilder } from '@millrace/streams';
import type { TopologyTestDriver } from '@millrace/streams/testing';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { StreamTopology } from '../decorators/stream-topology.decorator.js';
import type { TopologyDefinition } from '../decorators/topology-definition.js';
import { InjectPolicy } from '../policies/inject-policy.decorator.js';
import { PoliciesModule } from '../policies/policies.module.js';
import { StreamsTestingModule } from './streams-testing.module.js';
import { topologyTestDriver } from './topology-test-driver.js';

interface Flight {
  readonly number: string;
}

interface FlightAtGate extends Flight {
  readonly gate: string;
}

const departures = topic('departures', utf8, json<Flight>());
const atGates = topic('departures.at-gates', utf8, json<FlightAtGate>());
const deadLetters = topic('departures-dlt', utf8, json<Flight>());

// #region client
@Injectable()
export class AirportApi {
  async gateOf({ number }: Flight, signal: AbortSignal): Promise<string> {
    const response = await fetch(`https://airport.example/flights/${number}/gate`, { signal });
    if (response.status >= 500)
      throw new TransientError('MR_DEPENDENCY_UNAVAILABLE', `the airport: ${response.status}`);
    return response.text();
  }
}
// #endregion

// #region topology
@StreamTopology({ name: 'flights-at-gates' })
export class FlightsAtGates implements TopologyDefinition {
  constructor(
    private readonly airport: AirportApi,
    @InjectPolicy('airport-api') private readonly breaker: ExecutionPolicy,
  ) {}

  define(t: TopologyBuilder): void {
    t.stream('departures', departures)
      .asyncMap('with-gate', (flight, _key, { signal }) => this.atGate(flight, signal), {
        order: 'per-key',
        maxInFlight: 50,
        timeout: '1s',
        retry: { attempts: 3, backoffBase: '200ms' },
        breaker: this.breaker,
      })
      .to('at-gates', atGates);
  }

  private async atGate(flight: Flight, signal: AbortSignal): Promise<FlightAtGate> {
    return { ...flight, gate: await this.airport.gateOf(flight, signal) };
  }
}
// #endregion

// #region policies
const policies = {
  'airport-api': { breaker: { consecutiveFailures: 5, halfOpenAfter: '10s' } },
} as const;
// #endregion

class FakeAirport {
  asked = 0;
  gateOf: AirportApi['gateOf'] = async () => 'B7';
}

let module: TestingModule;
let clock: ManualClock;
let airport: FakeAirport;
let driver: TopologyTestDriver;

beforeEach(async () => {
  // #region driver
  clock = new ManualClock();
  airport = new FakeAirport();
  module = await Test.createTestingModule({
    imports: [StreamsTestingModule, PoliciesModule.forRoot({ policies, environment: { clock } })],
    providers: [FlightsAtGates, { provide: AirportApi, useValue: airport }],
  }).compile();
  driver = topologyTestDriver(module, FlightsAtGates, { clock, policy: { onProcessingError: 'dead-letter' } });
  // #endregion
});

afterEach(() => module.close());

describe('a topology that calls a service', () => {
  it('forwards what the service answers', async () => {
    await driver.input(departures).pipe('UA', { number: 'UA1' });

    expect(driver.output(atGates).readValues()).toEqual([{ number: 'UA1', gate: 'B7' }]);
  });

  // #region silent
  it('asks a silent service three times, each for a second, then gives the record up', async () => {
    airport.gateOf = () => {
      airport.asked++;
      return new Promise(() => undefined);
    };
    await driver.input(departures).pipe('UA', { number: 'UA1' });
    expect(airport.asked).toBe(1);

    await driver.advanceWallClock(4_000);

    expect(airport.asked).toBe(3);
    expect(driver.output(deadLetters).readValues()).toEqual([{ number: 'UA1' }]);
  });
  // #endregion
});
