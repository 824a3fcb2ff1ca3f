import { afterEach, describe, expect, it } from '@jest/globals';
import { clientChannels } from '../diagnostics/channels.js';
import { VirtualCluster } from '../../test/virtual-cluster.js';
import { Admin } from './admin.js';

let virtual: VirtualCluster | undefined;

afterEach(async () => {
  await virtual?.stop();
  virtual = undefined;
});

describe('createTopics', () => {
  it('waits for a topic that it has created for as long as a request may take, also when a broker does not know it yet', async () => {
    const opened = await VirtualCluster.open({ requestTimeoutMs: 30_000 });
    virtual = opened.virtual;
    const { clock, faults, broker } = virtual;
    const other = new Admin(await virtual.cluster({ dialer: broker.dialer() }));
    // Nothing of what is asked after the creation arrives until the topic is away, as on a broker that learns of it late.
    const unsubscribe = clientChannels.request.subscribe(({ api }) => {
      if (api === 'CreateTopics') faults.freeze();
    });
    const creating = new Admin(opened.cluster).createTopics([{ name: 'orders', partitions: 1 }]);
    await virtual.until('it is created', () => virtual?.answered.get('CreateTopics') === 1);
    unsubscribe();
    await virtual.run(other.deleteTopics(['orders']));
    const failed = creating.then(
      () => undefined,
      (error: Error) => error,
    );
    const asked = virtual.answered.get('Metadata') ?? 0;
    faults.thaw();
    await virtual.pass(12_000);
    expect(virtual.answered.get('Metadata') ?? 0).toBeGreaterThan(asked + 3);

    await virtual.run(other.createTopics([{ name: 'orders', partitions: 1 }]));
    await virtual.run(failed);

    expect(await failed).toBeUndefined();
    expect(await creating).toEqual([{ name: 'orders', result: 'created' }]);
    expect(clock.nowMs()).toBeLessThan(1_000_000 + 30_000);
  });
});
