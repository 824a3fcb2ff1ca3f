/**
 * An app as a process of its own, for `run-service.spec.ts`: copies `orders` to `copies` and tells its parent what happens.
 *
 * The only argument is JSON: `bootstrap`, `port`, and `fault`, which says what is wrong with it.
 */
import 'reflect-metadata';
import { ConfigurationError } from '@millrace/kernel';
import { StreamsModule, StreamTopology, runService } from '@millrace/nest';
import { topic, utf8 } from '@millrace/streams';

const { bootstrap, port, fault } = JSON.parse(process.argv[2]);
const tell = (event) => process.send(event);

class Copying {
  define(t) {
    const orders = t.stream('orders', topic('orders', utf8, utf8)).peek('tell', (value) => {
      if (value === 'defect') throw new TypeError('a defect');
      tell(`handled ${value}`);
    });
    orders.to(fault === 'topology' ? 'bad name' : 'copies', topic('copies', utf8, utf8));
  }
}
StreamTopology({ name: 'copying' })(Copying);

await runService(() => {
  if (fault === 'settings') throw new ConfigurationError('the settings', ['HOST is missing', 'PORT is no number']);
  if (fault === 'defect') throw new TypeError('a defect of configure');
  return {
    name: 'copying',
    host: '127.0.0.1',
    port,
    logLevel: 'warn',
    imports: [
      StreamsModule.forRoot({
        applicationId: 'copying',
        cluster: { bootstrap: [bootstrap] },
        // Only a shutdown in order commits before a spec has timed out.
        commitInterval: '2m',
        transactionTimeout: '5m',
      }),
      StreamsModule.forFeature({ topologies: [Copying] }),
    ],
    configure: async () => tell('configured'),
    afterStop: async () => {
      tell('after stop');
      if (fault === 'after stop') throw new TypeError('a defect of afterStop');
    },
  };
});
