import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ReplayPlan, type ReplaySegment } from './replay-plan.js';

function segment(topic: string, count: number): ReplaySegment {
  return { count, publish: (index, output) => output.event(topic, { index }) };
}

function published(plan: ReplayPlan, from: number, to: number): string[] {
  const seen: string[] = [];
  plan.publish(from, to, {
    event: (topic, event) => void seen.push(`${topic}:${(event as { index: number }).index}`),
    raw: () => undefined,
  });
  return seen;
}

const plan = new ReplayPlan({
  reference: [segment('aircraft', 2), segment('carriers', 1)],
  faulty: segment('faulty', 1),
  events: segment('events', 3),
});

describe('ReplayPlan', () => {
  it('publishes reference tables, then faulty records, then events', () => {
    const all = ['aircraft:0', 'aircraft:1', 'carriers:0', 'faulty:0', 'events:0', 'events:1', 'events:2'];
    expect(published(plan, 0, plan.length)).toEqual(all);
  });

  it('publishes each record once, however it is cut into transactions', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(plan.length)), (cuts) => {
        const ends = [...cuts.sort((a, b) => a - b), plan.length];
        const pieces = ends.map((to, index) => published(plan, ends[index - 1] ?? 0, to));
        expect(pieces.flat()).toEqual(published(plan, 0, plan.length));
      }),
    );
  });

  it('counts events without what stands before them', () => {
    expect([0, 3, 4, 5, 7].map((position) => plan.eventsBefore(position))).toEqual([0, 0, 0, 1, 3]);
  });
});
