/**
 * An app as a process with two worker threads, for `streams-workers.spec.ts`.
 *
 * The only argument is JSON: `bootstrap`, `port`, `onFailure`, and `module`, the file of the workers.
 */
import 'reflect-metadata';
import { StreamsWorkers, StreamsWorkersModule, runService } from '@millrace/nest';

const { bootstrap, port, onFailure, module = './example-workers.module.mjs' } = JSON.parse(process.argv[2]);

/** The first counts deaths, the second asks for one. */
const deaths = new Int32Array(new SharedArrayBuffer(8));

await runService(() => ({
  name: 'copying',
  host: '127.0.0.1',
  port,
  logLevel: 'warn',
  imports: [
    StreamsWorkersModule.forRoot({
      module: new URL(module, import.meta.url),
      threads: 2,
      onFailure,
      service: 'copying',
      logLevel: 'warn',
      data: { bootstrap, deaths },
    }),
  ],
  configure: async (app) => {
    process.on('message', async (call) => {
      if (call === 'kill') Atomics.store(deaths, 1, 1);
      else await app.get(StreamsWorkers)[call]();
      process.send(call);
    });
    process.send('configured');
  },
}));
