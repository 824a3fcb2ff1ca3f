import { describe, expect, it } from '@jest/globals';
import { VirtualCluster } from '../../test/virtual-cluster.js';
import { StreamsGroupMember } from './streams-group-member.js';

describe('a member of a streams group', () => {
  it('is refused by a cluster that has none, with the remedy', async () => {
    const { virtual, cluster } = await VirtualCluster.open();
    const never = async (): Promise<void> => undefined;
    const member = new StreamsGroupMember(cluster, {
      ...{ groupId: 'orders', processId: 'process', subtopologies: [], partitionsOf: () => [] },
      ...{ onAssigned: never, onRevoked: never, onLost: never },
    });

    await expect(member.start()).rejects.toMatchObject({
      code: 'MR_PROTOCOL_UNSUPPORTED',
      disposition: 'stop-app',
      message: expect.stringContaining('streams.version') as unknown,
    });
    await member.stop();
    await virtual.stop();
  });
});
