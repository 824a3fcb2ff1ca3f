import { describe, expect, it } from '@jest/globals';
import { PEERS, addPeer } from './peers.mjs';

describe('the peers of a run', () => {
  it('are gathered in the order that they are named in', () => {
    expect(addPeer('kafka-streams', addPeer('millrace-lmdb'))).toEqual(['millrace-lmdb', 'kafka-streams']);
  });

  it('are all contenders but Millrace, which they are compared with', () => {
    expect(PEERS).toContain('millrace-lmdb');
    expect(PEERS).not.toContain('millrace');
    expect(() => addPeer('millrace')).toThrow('millrace always takes part');
  });

  it('are refused where there is none of that name, or it has been named before', () => {
    expect(() => addPeer('spark')).toThrow('use one of millrace-lmdb, kafka-streams');
    expect(() => addPeer('kafkajs', ['kafkajs'])).toThrow('it is named twice');
  });
});
