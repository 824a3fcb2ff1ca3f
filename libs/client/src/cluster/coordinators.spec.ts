import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ErrorCodes, apis } from '@millrace/protocol';
import { ScriptedCluster } from '../../test/scripted-cluster.js';
import { Cluster } from './cluster.js';

let brokers: ScriptedCluster;
let cluster: Cluster;
let coordinator: number;

beforeEach(async () => {
  coordinator = 2;
  brokers = new ScriptedCluster({ nodes: 3 })
    .on(apis.FindCoordinator, ({ coordinatorKeys }) => ({
      coordinators: coordinatorKeys.map((key) => ({
        ...{ key, nodeId: coordinator, host: brokers.hostOf(coordinator), port: 9092 },
        ...{ errorCode: ErrorCodes.NONE, errorMessage: null },
      })),
    }))
    .on(apis.Heartbeat, (_, nodeId) => ({
      errorCode: nodeId === coordinator ? ErrorCodes.NONE : ErrorCodes.NOT_COORDINATOR,
    }));
  cluster = new Cluster({ bootstrap: ['broker-1:9092'], dialer: brokers, clientId: 'spec' });
  await cluster.start();
});
afterEach(() => cluster.stop());

const heartbeat = (purpose: string): Promise<{ readonly errorCode: number }> =>
  cluster.coordinators.request(
    'group',
    'orders',
    purpose,
    apis.Heartbeat,
    { groupId: 'orders', generationId: 1, memberId: 'member' },
    ({ errorCode }) => [errorCode],
  );

describe('Coordinators', () => {
  it('remembers a coordinator until it says that it is none', async () => {
    expect(await heartbeat('control')).toMatchObject({ errorCode: ErrorCodes.NONE });
    coordinator = 3;

    expect(await heartbeat('control')).toMatchObject({ errorCode: ErrorCodes.NOT_COORDINATOR });
    expect(await heartbeat('control')).toMatchObject({ errorCode: ErrorCodes.NONE });
  });

  it('looks a coordinator up again whose connection ends', async () => {
    await heartbeat('control');
    brokers.takeDown(2);
    coordinator = 3;

    await expect(heartbeat('control')).rejects.toMatchObject({ code: 'MR_NETWORK_DISCONNECTED', disposition: 'retry' });
    expect(await heartbeat('control')).toMatchObject({ errorCode: ErrorCodes.NONE });
  });

  it('looks a coordinator up again that has left the cluster, for one who has no connection to it', async () => {
    await heartbeat('control');
    brokers.takeDown(2);
    brokers.members = [1, 3];
    coordinator = 3;
    await cluster.refreshMetadata([]);

    expect(await heartbeat('another')).toMatchObject({ errorCode: ErrorCodes.NONE });
  });

  it('asks a coordinator that has come back at another address there', async () => {
    await heartbeat('control');
    brokers.moveTo(2, 'broker-2-new');
    await expect(heartbeat('control')).rejects.toMatchObject({ code: 'MR_NETWORK_DISCONNECTED', disposition: 'retry' });

    expect(await heartbeat('control')).toMatchObject({ errorCode: ErrorCodes.NONE });
    expect(await heartbeat('another')).toMatchObject({ errorCode: ErrorCodes.NONE });
  });

  it('takes no other broker for a coordinator that has left its address to it', async () => {
    await heartbeat('control');
    brokers.moveTo(2, 'elsewhere');
    brokers.moveTo(3, 'broker-2');
    expect(await heartbeat('control')).toMatchObject({ errorCode: ErrorCodes.NOT_COORDINATOR });

    expect(await heartbeat('control')).toMatchObject({ errorCode: ErrorCodes.NONE });
  });
});
