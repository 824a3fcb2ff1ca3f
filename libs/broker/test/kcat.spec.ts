import { spawn, spawnSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EmbeddedBroker } from '../src/index.js';
import { batchOf, WireClient } from './wire-client.js';

const hasKcat = spawnSync('kcat', ['-V']).status === 0;

if (!hasKcat) {
  process.stderr.write(
    'SKIPPED: the specs with kcat (librdkafka), because kcat is not installed; try `apt-get install kcat`\n',
  );
}

/** Runs kcat to its end and returns what it printed. */
function kcat(args: string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn('kcat', args);
    let output = '';
    let problems = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (problems += chunk.toString()));
    child.on('exit', (code) =>
      code === 0 ? resolve(output) : reject(new Error(`kcat ended with ${code}: ${problems}`)),
    );
    child.stdin.end(input);
  });
}

(hasKcat ? describe : describe.skip)('kcat with the embedded broker', () => {
  let broker: EmbeddedBroker;
  let address: string;
  let client: WireClient;

  beforeEach(async () => {
    broker = new EmbeddedBroker();
    await broker.start();
    const { host, port } = await broker.listen();
    address = `${host}:${port}`;
    client = await WireClient.to(broker);
    await client.createTopic('flights', 2);
  });
  afterEach(() => broker.stop());

  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}`);

  it('lists what there is', async () => {
    const listing = await kcat(['-b', address, '-L']);
    expect(listing).toContain('topic "flights" with 2 partitions');
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('produces and consumes with compression %s', async (codec) => {
    await kcat(['-b', address, '-t', 'flights', '-P', '-z', codec, '-X', 'enable.idempotence=true'], lines.join('\n'));
    const output = await kcat(['-b', address, '-t', 'flights', '-C', '-e', '-q', '-o', 'beginning']);
    expect(output.trim().split('\n').sort()).toEqual([...lines].sort());
  });

  it('consumes in a group, and goes on where that has committed', async () => {
    await kcat(['-b', address, '-t', 'flights', '-P'], lines.slice(0, 100).join('\n'));
    const group = ['-b', address, '-G', 'readers', '-q', '-X', 'auto.offset.reset=earliest'];
    const first = await kcat([...group, '-c', '100', 'flights']);
    expect(first.trim().split('\n').sort()).toEqual(lines.slice(0, 100).sort());
    await kcat(['-b', address, '-t', 'flights', '-P'], lines.slice(100).join('\n'));
    const second = await kcat([...group, '-c', '100', 'flights']);
    expect(second.trim().split('\n').sort()).toEqual(lines.slice(100).sort());
  }, 30_000);

  it('sees only committed data', async () => {
    let producer = await client.initProducerId('tx');
    for (const [value, committed] of [
      ['aborted', false],
      ['committed', true],
      ['aborted too', false],
    ] as const) {
      const { producerId, producerEpoch } = producer;
      const records = batchOf([value], { producerId, producerEpoch, baseSequence: 0, isTransactional: true });
      await client.produce('flights', 0, records, { version: 12, transactionalId: 'tx' });
      producer = { ...producer, ...(await client.endTxn('tx', producer, committed)) };
    }
    const reading = ['-b', address, '-t', 'flights', '-p', '0', '-C', '-e', '-q', '-o', 'beginning'];
    expect(await kcat([...reading, '-X', 'isolation.level=read_committed'])).toBe('committed\n');
    expect(await kcat([...reading, '-X', 'isolation.level=read_uncommitted'])).toBe(
      'aborted\ncommitted\naborted too\n',
    );
  });
});
