import { describe, expect, it } from '@jest/globals';
import { TaskHarness } from '../../test/task-harness.js';
import { TopologyBuilder, topic, utf8, type Processor } from '../index.js';

const words = topic('words', utf8, utf8);
const passed = topic('passed', utf8, utf8);

function chain(...created: readonly (() => Processor<string, string, string, string>)[]): TopologyBuilder {
  const builder = new TopologyBuilder('chain');
  created
    .reduce((stream, create, nth) => stream.process(`step-${nth}`, { create }), builder.stream('in', words))
    .to('out', passed);
  return builder;
}

describe('the operators of a task', () => {
  it('are closed, those that were made, where the next one cannot be made', () => {
    const closed: string[] = [];
    const made = { process: () => undefined, close: () => void closed.push('first') };
    const broken = (): never => {
      throw new Error('no connection');
    };

    expect(() => new TaskHarness(chain(() => made, broken))).toThrow('no connection');

    expect(closed).toEqual(['first']);
  });

  it('are closed all of them, also where closing one fails; the first error is told', () => {
    const closed: string[] = [];
    const step = (name: string, error?: Error): Processor<string, string, string, string> => ({
      process: () => undefined,
      close: () => {
        closed.push(name);
        if (error !== undefined) throw error;
      },
    });
    const { task } = new TaskHarness(
      chain(
        () => step('one', new Error('one does not close')),
        () => step('two', new Error('two neither')),
        () => step('three'),
      ),
    );

    expect(() => task.close()).toThrow('one does not close');

    expect(closed).toEqual(['one', 'two', 'three']);
  });
});
