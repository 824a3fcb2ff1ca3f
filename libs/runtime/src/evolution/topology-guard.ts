import type { Cluster } from '@millrace/client';
import { FatalError } from '@millrace/kernel';
import { TopologyChangeError, changesInTheWay, describeTopology, type TopologyDescription } from '@millrace/streams';
import type { StreamsAppSettings } from '../app/streams-app-options.js';
import { TopicEvidence } from './topic-evidence.js';
import { TopologyRecord, isSame } from './topology-record.js';

/**
 * Keeps an application from going on with what stands under its id where it would lose or misread it: compares its topologies with those
 * that started last (ADR 0024).
 */
export class TopologyGuard {
  readonly #present: readonly TopologyDescription[];
  readonly #settings: StreamsAppSettings;
  readonly #record: TopologyRecord;
  readonly #evidence: TopicEvidence;
  readonly #stopping = new AbortController();
  /** The topologies are those that stand: there is nothing to record. */
  #isRecorded = false;

  constructor(cluster: Cluster, settings: StreamsAppSettings) {
    this.#settings = settings;
    this.#present = settings.topologies.map(describeTopology);
    this.#record = new TopologyRecord(cluster, settings, this.#stopping.signal);
    this.#evidence = new TopicEvidence(cluster, settings.applicationId, this.#stopping.signal);
  }

  /**
   * Compares; changes nothing.
   *
   * @throws {TopologyChangeError} (stop-app) listing all that is in the way.
   * @throws {TransientError} (retry) when the brokers cannot be reached.
   */
  async check(): Promise<void> {
    const standing = await this.#record.read();
    this.#isRecorded = isSame(standing, this.#present);
    if (!this.#isRecorded) await this.#judge([...standing.values()]);
  }

  /** Leaves the topologies for the next start to be compared with. Throws as {@link check}. */
  async record(): Promise<void> {
    if (!this.#isRecorded) await this.#record.replace(this.#present, (standing) => this.#judge(standing));
  }

  /** Ends what is under way. */
  stop(): void {
    this.#stopping.abort(new FatalError('MR_LIFECYCLE_ORDER', 'the application was stopped while it started'));
  }

  async #judge(standing: readonly TopologyDescription[]): Promise<void> {
    // The first start, or the first one of a release that compares: nothing is known.
    if (standing.length === 0) return;
    const { applicationId, acceptTopologyChanges } = this.#settings;
    const refused = [];
    for (const change of changesInTheWay(standing, this.#present, acceptTopologyChanges)) {
      if (change.unless === undefined || !(await this.#evidence.holds(change.unless))) refused.push(change);
    }
    if (refused.length > 0) throw new TopologyChangeError(applicationId, refused);
  }
}
