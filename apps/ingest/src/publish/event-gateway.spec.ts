import { describe, expect, it } from '@jest/globals';
import { RecordError, SystemClock } from '@millrace/kernel';
import { topics } from '@millrace/schemas';
import { RecordedDestination } from '../../test/recorded-destination.js';
import { EventGateway, MAX_REPORTED_ERRORS, type RequestDestination } from './event-gateway.js';

const observation = {
  version: 1,
  origin: 'JFK',
  observedAt: '2014-01-01T00:00:00Z',
  temperatureF: 30.2,
  dewPointF: null,
  humidityPercent: null,
  windDirectionDegrees: null,
  windSpeedMph: 9.2,
  windGustMph: null,
  precipitationInches: 0,
  pressureMillibars: null,
  visibilityMiles: 10,
};

function gateway(open: () => RequestDestination): EventGateway {
  return new EventGateway({ open, clock: new SystemClock(), ackTimeoutMs: 1_000 });
}

const submitted = (events: readonly object[]): { value: object }[] => events.map((value) => ({ value }));

describe('EventGateway', () => {
  it('lists a hundred errors at most, and counts the rest', async () => {
    const events = submitted([observation, ...Array.from({ length: 60 }, () => ({}))]);

    const submission = await gateway(() => new RecordedDestination()).submit(topics.weather, events);

    expect(submission).toMatchObject({ accepted: 1, rejected: 60 });
    expect(submission.errors).toHaveLength(MAX_REPORTED_ERRORS);
    expect(submission.errorsOmitted).toBeGreaterThan(0);
  });

  it('answers each of two requests that overlap for its own events', async () => {
    const refusing = new RecordedDestination();
    refusing.acknowledged = () => Promise.reject(new RecordError('MR_RECORD_TOO_LARGE', 'too large for the topic'));
    const destinations = [refusing, new RecordedDestination()];
    const both = gateway(() => destinations.shift() as RequestDestination);

    const outcomes = await Promise.allSettled([
      both.submit(topics.weather as never, submitted([observation])),
      both.submit(topics.weather as never, submitted([observation])),
    ]);

    expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'MR_RECORD_TOO_LARGE' } });
    expect(outcomes[1]).toMatchObject({ status: 'fulfilled', value: { accepted: 1, rejected: 0 } });
  });
});
