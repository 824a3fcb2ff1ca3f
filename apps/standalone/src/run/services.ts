import { FileSystemObjectStore, type ObjectStore } from '@millrace/archive';
import { Cluster } from '@millrace/client';
import { EmbeddedPostgres, type DataSourceSettings } from '@millrace/postgres';
import { EXIT_CODES } from '../cli/exit-codes.js';
import type { StandaloneOptions } from '../cli/options.js';
import { asRunFailure } from '../cli/run-failure.js';
import { externalBrokers, startEmbeddedBroker, type BrokerAccess } from '../hosting/broker-access.js';
import { createTopics } from '../hosting/topics.js';
import type { StateDirectory } from '../state/state-directory.js';

/** Everything that the apps need around them, started. */
export interface Services {
  readonly brokers: BrokerAccess;
  /** For the replay and the summary. */
  readonly cluster: Cluster;
  readonly postgres: DataSourceSettings;
  readonly store: ObjectStore;
}

/**
 * Starts brokers and database side by side, and creates the topics.
 *
 * @param closing Takes each service as soon as it has to be stopped.
 * @throws {RunFailure} with the exit code for a failed start.
 */
export async function startServices(
  options: StandaloneOptions,
  state: StateDirectory,
  closing: AsyncDisposableStack,
  tell: (text: string) => void,
): Promise<Services> {
  const started = await Promise.allSettled([
    startBrokers(options, state, closing, tell),
    startPostgres(state, closing),
  ]);
  const failed = started.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw asRunFailure(failed.reason, EXIT_CODES.startFailed, 'A service did not start');
  const [brokers, postgres] = started.map((each) => (each as PromiseFulfilledResult<unknown>).value) as [
    Pick<Services, 'brokers' | 'cluster'>,
    DataSourceSettings,
  ];
  return { ...brokers, postgres, store: new FileSystemObjectStore(state.objectsDir) };
}

async function startBrokers(
  options: StandaloneOptions,
  state: StateDirectory,
  closing: AsyncDisposableStack,
  tell: (text: string) => void,
): Promise<Pick<Services, 'brokers' | 'cluster'>> {
  const brokers =
    options.brokers.length > 0
      ? externalBrokers(options.brokers)
      : await startEmbeddedBroker({
          stateDir: state.brokerDir,
          port: options.brokerPort,
          onFallBack: (taken) =>
            tell(`Port ${taken} is taken: the broker listens on another one. Choose by --broker-port.\n`),
        });
  closing.defer(() => brokers.stop());
  const cluster = new Cluster({ ...brokers.cluster, clientId: 'standalone' });
  await cluster.start();
  closing.defer(() => cluster.stop());
  await createTopics(cluster, options.partitions);
  return { brokers, cluster };
}

async function startPostgres(state: StateDirectory, closing: AsyncDisposableStack): Promise<DataSourceSettings> {
  const postgres = new EmbeddedPostgres({ dataDir: state.postgresDir });
  await postgres.start();
  closing.defer(() => postgres.stop());
  return { url: postgres.url, poolSize: 1 };
}
