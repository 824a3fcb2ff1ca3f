import { readdirSync, rmSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ManualClock } from '@millrace/kernel';
import { errorName } from '@millrace/protocol';
import { EmbeddedBroker } from '../src/index.js';
import { temporaryFolder } from './temporary-folder.js';
import { batchOf, WireClient } from './wire-client.js';

describe('a broker whose state directory fails', () => {
  let clock: ManualClock;
  let broker: EmbeddedBroker;
  let client: WireClient;
  let partitionFolder: string;

  beforeEach(async () => {
    const stateDir = temporaryFolder();
    clock = new ManualClock();
    broker = new EmbeddedBroker({ stateDir, clock, fsync: 'commit' });
    await broker.start();
    client = await WireClient.to(broker);
    await client.createTopic('t', 2);
    const [topicFolder] = readdirSync(join(stateDir, 'topics'));
    partitionFolder = join(stateDir, 'topics', topicFolder!, '0');
  });
  afterEach(() => broker.stop());

  const send = async (partition: number) => errorName((await client.produce('t', partition, batchOf(['v']))).errorCode);

  it('refuses what it cannot keep, and serves everything else', async () => {
    rmSync(partitionFolder, { recursive: true });
    expect(await send(0)).toBe('KAFKA_STORAGE_ERROR');
    expect(await send(1)).toBe('NONE');
    mkdirSync(partitionFolder);
    expect(await send(0)).toBe('NONE');
    expect((await client.fetch('t', 0, 0)).highWatermark).toBe(1);
  });

  it('stays with a decision that it could not carry out at once', async () => {
    const { producerId, producerEpoch } = await client.initProducerId('tx');
    const options = { producerId, producerEpoch, baseSequence: 0, isTransactional: true };
    const inTransaction = { version: 12, transactionalId: 'tx' };
    await client.produce('t', 1, batchOf(['v'], options), inTransaction);
    rmSync(partitionFolder, { recursive: true });
    expect(errorName((await client.produce('t', 0, batchOf(['v'], options), inTransaction)).errorCode)).toBe(
      'KAFKA_STORAGE_ERROR',
    );
    const ended = await client.endTxn('tx', { producerId, producerEpoch }, true);
    expect(errorName(ended.errorCode)).toBe('NONE');
    expect(errorName((await client.initProducerId('tx')).errorCode)).toBe('CONCURRENT_TRANSACTIONS');
    mkdirSync(partitionFolder);
    clock.advance(1000);
    expect(errorName((await client.initProducerId('tx')).errorCode)).toBe('NONE');
    const read = await client.fetch('t', 1, 0, { committed: true });
    expect(read.lastStableOffset).toBe(read.highWatermark);
  });
});
