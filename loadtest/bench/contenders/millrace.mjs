/** Millrace as a contender: told its work as JSON in the last argument, says what happens as lines of JSON. */
import { LmdbStoreEngine } from '@millrace/lmdb';
import { StreamsApp, runtimeChannels } from '@millrace/runtime';
import { TopologyBuilder, json, topic, tumbling, utf8 } from '@millrace/streams';
import { onStop, say, segments, work } from './work.mjs';

const { workload, bootstrap, applicationId, input, output, handler, commitIntervalMs, stateFolder, storeEngine } = work;
/** How long windows are kept; only `soak` asks for more than their own length. */
const { retentionMs } = work;

const events = topic(input, utf8, json());
const results = topic(output, utf8, json());
const profiles = topic('profiles', utf8, json());

function enrich(t) {
  const table = segments();
  const field = (event) => {
    event.segment = table.get(event.user);
    return event;
  };
  const whole = (event) => ({ ...event, segment: table.get(event.user) });
  t.stream('events', events)
    .mapValues('enrich', handler === 'whole' ? whole : field)
    .to('results', results);
}

function aggregate(t) {
  t.stream('events', events)
    .groupByKey()
    .windowedBy(tumbling({ size: '1m', grace: 0 }))
    .aggregate('totals', {
      store: 'totals',
      value: json(),
      cache: true,
      retention: retentionMs,
      initialize: () => ({ count: 0, sum: 0 }),
      add: ({ count, sum }, { amount }) => ({ count: count + 1, sum: sum + amount }),
    })
    .toStream('changes')
    .rekey('text', (_total, { key, startMs }) => `${key}@${startMs}`, utf8)
    .to('results', results);
}

const topologies = {
  enrich,
  latency: enrich,
  aggregate,
  soak: aggregate,
  join(t) {
    t.stream('events', events)
      .join('with-profile', t.table('profiles', profiles, { store: 'profiles' }), {
        join: (event, profile) => {
          event.name = profile.name;
          return event;
        },
      })
      .to('results', results);
  },
  /** The rows that are asked for, as they are in the table. */
  restore(t) {
    t.stream('events', events)
      .join('row', t.table('profiles', profiles, { store: 'profiles' }), { join: (_asked, profile) => profile })
      .to('results', results);
  },
};

let restored = 0;
runtimeChannels.restored.subscribe(({ phase, restoredRecords }) => {
  if (phase === 'started') say('restore-start');
  if (phase === 'ended') restored += restoredRecords;
});
runtimeChannels.threadState.subscribe(({ to }) => {
  if (to === 'RUNNING') say('running', { restored });
});

const builder = new TopologyBuilder(workload);
topologies[workload](builder);
const app = new StreamsApp({
  applicationId,
  topologies: [builder.build()],
  cluster: { bootstrap },
  commitInterval: commitIntervalMs,
  maxTaskIdle: workload === 'join' ? '10s' : 0,
  // A soak lets its changelog go with its windows, as the disk is not there for it.
  windowChangelogRetention: retentionMs === undefined ? undefined : 0,
  storeEngines: { lmdb: new LmdbStoreEngine({ directory: stateFolder }) },
  defaultStoreEngine: storeEngine,
});
onStop(() => app.stop());
app.finished.catch((cause) => {
  console.error(cause);
  process.exit(1);
});
await app.start();
