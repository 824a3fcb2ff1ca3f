import { describe, expect, it } from '@jest/globals';
import { EndConfirmation, type ReadPosition } from './end-confirmation.js';

/** A log whose end is told when the spec says so. */
function log(): { confirmation: EndConfirmation; asked: () => number; answer: (end: number | Error) => Promise<void> } {
  const questions: PromiseWithResolvers<ReadonlyMap<string, number>>[] = [];
  const confirmation = new EndConfirmation(() => {
    const question = Promise.withResolvers<ReadonlyMap<string, number>>();
    questions.push(question);
    return question.promise;
  });
  const answer = async (end: number | Error): Promise<void> => {
    const question = questions.at(-1);
    if (typeof end === 'number') question?.resolve(new Map([['in/0', end]]));
    else question?.reject(end);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { confirmation, asked: () => questions.length, answer };
}

const at = (position: number): ReadPosition[] => [{ topic: 'in', partition: 0, position }];

describe('EndConfirmation', () => {
  it('confirms once the broker, asked after the halt, names no offset beyond the position', async () => {
    const { confirmation, answer } = log();
    expect(confirmation.isConfirmed(7, at(100))).toBe(false);
    expect(confirmation.isConfirmed(7, at(100))).toBe(false);

    await answer(100);

    expect(confirmation.isConfirmed(7, at(100))).toBe(true);
  });

  it('does not confirm what was asked before the reader moved on', async () => {
    const { confirmation, asked, answer } = log();
    confirmation.isConfirmed(7, at(100));
    await answer(100);

    expect(confirmation.isConfirmed(8, at(100))).toBe(false);
    expect(asked()).toBe(2);
  });

  it('does not confirm while something lies beyond, such as an open transaction, and asks again', async () => {
    const { confirmation, asked, answer } = log();
    confirmation.isConfirmed(7, at(100));
    await answer(103);
    expect(confirmation.isConfirmed(7, at(100))).toBe(false);
    expect(confirmation.isConfirmed(7, at(100))).toBe(false);
    expect(asked()).toBe(2);

    await answer(103);

    expect(confirmation.isConfirmed(7, at(103))).toBe(true);
  });

  it('asks again when the question could not be answered', async () => {
    const { confirmation, asked, answer } = log();
    confirmation.isConfirmed(7, at(100));
    await answer(new Error('the broker restarts'));

    expect(confirmation.isConfirmed(7, at(100))).toBe(false);
    expect(asked()).toBe(2);
  });

  it('has nothing to ask for a reader without inputs', () => {
    expect(log().confirmation.isConfirmed(7, [])).toBe(true);
  });
});
