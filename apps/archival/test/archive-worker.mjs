/**
 * Archives a topic of numbered texts as a process of its own, for `archival.chaos-spec.ts`: with smaller tiles and parts than the
 * app has. Tells its parent `drained` when everything is durable, and ends at SIGKILL alone.
 *
 * The only argument is JSON: `brokers`, `topic`, `prefix`, `tileOffsets`, `store` as `S3ObjectStore` takes it, and `policy`, which stands around
 * each call to it.
 */
import { ArchiveSink, archiveChannels, S3ObjectStore } from '@millrace/archive';
import { ResiliencePolicies } from '@millrace/resilience';
import { SinkApp } from '@millrace/runtime';
import { topic, utf8 } from '@millrace/streams';

const { brokers, topic: name, prefix, tileOffsets, store, policy } = JSON.parse(process.argv[2]);
archiveChannels.uploadsDiscarded.subscribe(({ uploads }) => process.send(`discarded ${uploads}`));

const guard = new ResiliencePolicies({ store: policy }).get('store');
const writer = new ArchiveSink({
  store: new S3ObjectStore(store),
  prefix,
  tileOffsets,
  columns: [
    { name: 'id', type: 'int32', nullable: false, of: (text) => Number(text.slice(0, text.indexOf(' '))) },
    { name: 'text', type: 'string', nullable: false, of: (text) => text },
  ],
  execute: (call) => guard.execute(call),
});
const app = new SinkApp({
  name: `archive-${name}`,
  instanceId: 'chaos',
  topics: [topic(name, utf8, utf8)],
  writer,
  cluster: { bootstrap: brokers },
});
await app.start();
await app.drain();
process.send('drained');
await app.finished;
