import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { Interruption } from './interruption.js';

function interruption() {
  const source = new EventEmitter();
  const told: string[] = [];
  const subject = new Interruption({
    source,
    onFirst: () => void told.push('leaving'),
    onSecond: () => void told.push('forced'),
  });
  return { source, told, subject };
}

describe('Interruption', () => {
  it('asks to leave in order on the first signal and forces it on the second', async () => {
    const { source, told, subject } = interruption();
    source.emit('SIGINT');
    await subject.requested();
    expect(subject.signal.aborted).toBe(true);
    expect(told).toEqual(['leaving']);
    source.emit('SIGTERM');
    expect(told).toEqual(['leaving', 'forced']);
  });

  it('waits for a signal', async () => {
    const { source, subject } = interruption();
    const requested = subject.requested();
    source.emit('SIGTERM');
    await requested;
    expect(subject.isRequested).toBe(true);
  });

  it('hands signals back when it is closed', () => {
    const { source, subject } = interruption();
    subject.close();
    expect(source.listenerCount('SIGINT') + source.listenerCount('SIGTERM')).toBe(0);
  });
});
