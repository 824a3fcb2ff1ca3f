/** The module of the workers of `example-workers.mjs`: copies `orders` to `copies`, each value with the thread that did so. */
import 'reflect-metadata';
import { threadId } from 'node:worker_threads';
import { FatalError } from '@millrace/kernel';
import { StreamsModule, StreamTopology } from '@millrace/nest';
import { topic, utf8 } from '@millrace/streams';

export default ({ bootstrap, deaths }) => {
  /** Whether this is the first time, over all workers, that something is to go wrong. */
  const isFirst = () => Atomics.add(deaths, 0, 1) === 0;
  // The main thread asks one of the workers to die.
  setInterval(() => {
    if (Atomics.compareExchange(deaths, 1, 1, 2) === 1) process.exit(4);
  }, 20).unref();
  class Copying {
    define(t) {
      t.stream('orders', topic('orders', utf8, utf8))
        .mapValues('mark', (value) => {
          if (value === 'exit' && isFirst()) process.exit(3);
          if (value === 'throw' && isFirst())
            setImmediate(() => {
              throw new TypeError('a defect beside the streams');
            });
          if (value === 'fail' && isFirst()) throw new FatalError('MR_CONFIG_INVALID', 'no licence');
          return `${value}@${threadId}`;
        })
        .to('copies', topic('copies', utf8, utf8));
    }
  }
  StreamTopology({ name: 'copying' })(Copying);
  return {
    module: class CopyingModule {},
    imports: [
      StreamsModule.forRoot({
        applicationId: 'copying',
        instanceId: 'pod-1',
        cluster: { bootstrap: [bootstrap] },
        commitInterval: 50,
        heartbeatInterval: 50,
      }),
      StreamsModule.forFeature({ topologies: [Copying] }),
    ],
  };
};
