/** The same topology on a group of Apache Kafka by either protocol: members come, go and die, and nothing is lost or done twice. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Cluster, TcpDialer } from '@millrace/client';
import { TopologyBuilder, type Topology } from '@millrace/streams';
import { eventually } from '@millrace/testing';
import { Kafka, logLevel } from 'kafkajs';
// eslint-disable-next-line @nx/enforce-module-boundaries -- a tool of the workspace, not a package
import { startApacheKafka, type ApacheKafka } from '../../../tools/apache-kafka/start-apache-kafka.mjs';
import type { GroupProtocol, StreamsAppOptions } from '../src/app/streams-app-options.js';
import { StreamsApp } from '../src/app/streams-app.js';
import { counting, counts, events, expectCountedOnce, numbered } from './counting.js';
import { ApiKeys, FaultDialer } from './fault-dialer.js';
import { TopicPeer } from './topic-peer.js';

jest.setTimeout(180_000);

const PARTITIONS = 6;
const SESSION_MS = 3_000;
const HEARTBEAT_MS = 200;

/** Short times for streams groups, which are the broker's to set. */
const STREAMS_TIMES = {
  'group.streams.min.session.timeout.ms': 1_000,
  'group.streams.session.timeout.ms': SESSION_MS,
  'group.streams.min.heartbeat.interval.ms': 100,
  'group.streams.heartbeat.interval.ms': HEARTBEAT_MS,
  'group.streams.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1_000,
};

let kafka: ApacheKafka;
beforeAll(async () => {
  kafka = await startApacheKafka({ properties: { ...STREAMS_TIMES, 'group.streams.num.standby.replicas': 1 } });
});
afterAll(() => kafka?.stop());

describe.each<GroupProtocol>(['classic', 'streams'])(
  'an application in a group of Apache Kafka, protocol %s',
  (groupProtocol) => {
    let peer: TopicPeer;
    let started: { readonly app: StreamsApp; readonly dialer: FaultDialer }[];

    beforeEach(async () => {
      started = [];
      ended = undefined;
      peer = new TopicPeer(new Cluster({ bootstrap: kafka.bootstrap, clientId: 'spec' }));
      await peer.open();
      // Both protocols, and each test, have topics and a group of their own.
      await peer.admin.deleteTopics(await peer.admin.listTopics());
      await eventually('the topics are gone', async () => (await peer.admin.listTopics()).length === 0, {
        timeoutMs: 20_000,
      });
      await peer.admin.createTopics(['events', 'counts'].map((name) => ({ name, partitions: PARTITIONS })));
    });

    afterEach(async () => {
      await Promise.allSettled(started.map(({ app }) => app.stop()));
      await peer.close();
    });

    let ended: Error | undefined;
    let applications = 0;
    let applicationId = '';
    beforeEach(() => {
      applicationId = `counting-${groupProtocol}-${++applications}`;
    });

    async function start(options: Partial<StreamsAppOptions> = {}): Promise<{ app: StreamsApp; dialer: FaultDialer }> {
      const dialer = new FaultDialer(new TcpDialer());
      const app = new StreamsApp({
        ...{ applicationId, groupProtocol, topologies: [counting()], commitInterval: 20, shutdownTimeout: '5s' },
        cluster: { bootstrap: kafka.bootstrap, dialer, requestTimeoutMs: 20_000 },
        ...(groupProtocol === 'classic' && {
          sessionTimeout: SESSION_MS,
          heartbeatInterval: HEARTBEAT_MS,
          standbyReplicas: 1,
        }),
        // What is moved on to a member whose stores are not there yet is not the question here.
        probingRebalanceInterval: '1s',
        ...options,
      });
      started.push({ app, dialer });
      app.finished.catch((error: Error) => (ended = error));
      await app.start();
      return { app, dialer };
    }

    async function spread(...apps: readonly StreamsApp[]): Promise<void> {
      const outcome = await eventually(
        'the tasks are spread',
        () => {
          if (ended !== undefined) return ended;
          const tasks = apps.map(runningTasks);
          const all = tasks.flat();
          const isLevel = tasks.every(({ length }) => length === PARTITIONS / apps.length);
          return new Set(all).size === PARTITIONS && all.length === PARTITIONS && isLevel;
        },
        { timeoutMs: 60_000 },
      );
      if (outcome instanceof Error) throw outcome;
    }

    it('moves tasks between members that come and go, with their state', async () => {
      const given = numbered(6_000);
      const first = await start();
      await peer.produce('events', given.slice(0, 1_000));
      await spread(first.app);
      const second = await start();
      await peer.produce('events', given.slice(1_000, 2_000));
      await spread(first.app, second.app);
      const third = await start();
      await peer.produce('events', given.slice(2_000, 4_000));
      await spread(first.app, second.app, third.app);
      await first.app.stop();
      await peer.produce('events', given.slice(4_000));
      await spread(second.app, third.app);
      await Promise.all([second.app.drained(), third.app.drained()]);

      await expectCountedOnce(peer, given);
    });

    it('takes over the tasks of a member that dies, from its last commit', async () => {
      const given = numbered(4_000);
      const survivors = [await start(), await start()];
      const victim = await start();
      await spread(...survivors.map(({ app }) => app), victim.app);
      await peer.produce('events', given.slice(0, 2_000));
      await eventually('the victim has processed some', () => victim.app.metrics.recordsProcessed > 0);
      victim.dialer.kill();
      await peer.produce('events', given.slice(2_000));
      await spread(...survivors.map(({ app }) => app));
      await Promise.all(survivors.map(({ app }) => app.drained()));

      expect(victim.dialer.faults).toBe(1);
      await expectCountedOnce(peer, given);
    });

    it('goes on as a member after it was taken for dead, with what it is given then', async () => {
      const given = numbered(3_000);
      const other = await start();
      const zombie = await start();
      await spread(other.app, zombie.app);
      await peer.produce('events', given.slice(0, 1_000));
      zombie.dialer.kill();
      await spread(other.app);
      await peer.produce('events', given.slice(1_000, 2_000));
      zombie.dialer.mend();
      await spread(other.app, zombie.app);
      await peer.produce('events', given.slice(2_000));
      await Promise.all([other.app.drained(), zombie.app.drained()]);

      await expectCountedOnce(peer, given);
    });

    it('has all that it was given, also where the answers that said so were lost', async () => {
      const given = numbered(2_000);
      const first = await start();
      await peer.produce('events', given.slice(0, 1_000));
      await spread(first.app);
      const second = await start();
      await eventually('the second is a member', () => second.app.health().threads[0]?.state === 'RUNNING', {
        timeoutMs: 20_000,
      });
      let lost = 0;
      second.dialer.onRequest = (apiKey) => {
        if (apiKey !== ApiKeys.StreamsGroupHeartbeat && apiKey !== ApiKeys.Heartbeat) return 'pass';
        lost++;
        return 'cut-after';
      };
      await eventually('the first has given up half', () => runningTasks(first.app).length === PARTITIONS / 2, {
        timeoutMs: 60_000,
      });
      const before = lost;
      await eventually('answers were lost since', () => lost >= before + 3, { timeoutMs: 20_000 });
      second.dialer.onRequest = () => 'pass';
      await peer.produce('events', given.slice(1_000));
      await spread(first.app, second.app);
      await Promise.all([first.app.drained(), second.app.drained()]);

      await expectCountedOnce(peer, given);
    });

    it('reads the partitions that its input gets while it runs', async () => {
      const cluster = { bootstrap: kafka.bootstrap, requestTimeoutMs: 20_000, metadataMaxAgeMs: 500 };
      const { app } = await start({ topologies: [copying()], cluster });
      await spread(app);

      await addPartitions('events', PARTITIONS + 2);
      await peer.client.refreshMetadata(['events']);
      const given = numbered(80).map((event, nth) => ({ ...event, partition: nth % (PARTITIONS + 2) }));
      await peer.produce('events', given);

      const copied = async (): Promise<boolean> => (await peer.read('counts')).length === given.length;
      await eventually('all are copied', copied, { timeoutMs: 60_000, intervalMs: 200 });
      expect(ended).toBeUndefined();
      expect(runningTasks(app)).toHaveLength(PARTITIONS + 2);
    });

    it('ends with what to do where the partitions that its input gets would divide its state anew', async () => {
      const cluster = { bootstrap: kafka.bootstrap, requestTimeoutMs: 5_000, metadataMaxAgeMs: 500 };
      const { app } = await start({ cluster });
      await spread(app);

      await addPartitions('events', PARTITIONS + 2);

      const reason = await eventually('it ends', () => ended, { timeoutMs: 60_000 });
      expect(reason.message).toMatch(/counts-changelog|partitions/);
    });

    it('keeps standbys of the tasks of others', async () => {
      const [first, second] = [await start(), await start()];
      await peer.produce('events', numbered(500));
      await spread(first.app, second.app);

      await eventually(
        'each follows what the other has',
        () => {
          const [one, two] = [first.app, second.app].map((app) => ({
            active: runningTasks(app),
            standby: standbysOf(app),
          }));
          return one!.standby.join() === two!.active.join() && two!.standby.join() === one!.active.join();
        },
        { timeoutMs: 30_000 },
      );
    });
  },
);

describe('an application with the streams protocol', () => {
  it('says what it cannot have, all at once, before it starts', () => {
    const options = { standbyReplicas: 2, advertisedUrl: 'http://here:3000/queries' };
    const start = (): StreamsApp =>
      new StreamsApp({
        ...{ applicationId: 'shop', topologies: [counting()], cluster: { bootstrap: kafka.bootstrap } },
        ...{ groupProtocol: 'streams' as const, ...options },
      });

    expect(start).toThrow(
      /advertisedUrl: .*standbyReplicas: .*streams\.num\.standby\.replicas=2 .*--entity-name shop/s,
    );
  });

  it('ends with the reason when another topology runs in its group', async () => {
    const peer = new TopicPeer(new Cluster({ bootstrap: kafka.bootstrap, clientId: 'spec' }));
    await peer.open();
    const classic = new StreamsApp({
      ...{ applicationId: 'mixed', topologies: [counting()], cluster: { bootstrap: kafka.bootstrap } },
    });
    const streams = new StreamsApp({
      ...{
        applicationId: 'mixed',
        topologies: [counting()],
        cluster: { bootstrap: kafka.bootstrap },
        groupProtocol: 'streams',
      },
    });
    try {
      await classic.start();
      await eventually('the classic member has its tasks', () => runningTasks(classic).length > 0, {
        timeoutMs: 20_000,
      });
      await streams.start();
      await expect(streams.finished).rejects.toThrow(/members of another protocol are in the group/);
    } finally {
      await Promise.allSettled([streams.stop(), classic.stop()]);
      await peer.close();
    }
  });
});

/** Without state: what it reads is written as it is. */
function copying(): Topology {
  const t = new TopologyBuilder('copying');
  t.stream('events', events)
    .mapValues('length', (value) => value.length)
    .to('counts-out', counts);
  return t.build();
}

async function addPartitions(topic: string, count: number): Promise<void> {
  const admin = new Kafka({ brokers: [...kafka.bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] });
  } finally {
    await admin.disconnect();
  }
}

function runningTasks(app: StreamsApp): string[] {
  const tasks = app.health().threads.flatMap((thread) => thread.tasks);
  return tasks
    .filter(({ state }) => state === 'RUNNING')
    .map(({ taskId }) => taskId)
    .sort();
}

function standbysOf(app: StreamsApp): string[] {
  return app
    .health()
    .threads.flatMap(({ standbys }) => standbys.map(({ taskId }) => taskId))
    .sort();
}
