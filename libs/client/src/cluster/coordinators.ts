import { ErrorCodes, apis } from '@millrace/protocol';
import { isSameAddress, type BrokerAddress, type RequestOptions } from '../connection/broker-link.js';
import type { ClientApi } from '../connection/client-api.js';
import { brokerError, isIndefinite } from '../errors/broker-errors.js';
import type { Cluster } from './cluster.js';

/** What a broker coordinates: a consumer group or a transactional id. */
export type CoordinatorKind = 'group' | 'transaction';

const KEY_TYPES = { group: 0, transaction: 1 } as const;

const MOVED: ReadonlySet<number> = new Set([ErrorCodes.NOT_COORDINATOR, ErrorCodes.COORDINATOR_NOT_AVAILABLE]);

/** Finds the brokers that coordinate groups and transactional ids, and remembers them until they move. */
export class Coordinators {
  readonly #cluster: Cluster;
  readonly #nodes = new Map<string, number>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * Sends one request to the coordinator of `key`; no retry, but the coordinator is looked up again after a failure that
   * says that it has moved.
   *
   * @param errorCodes The error codes of an answer, to see whether the coordinator has moved.
   */
  async request<Draft extends object, Res>(
    kind: CoordinatorKind,
    key: string,
    purpose: string,
    api: ClientApi<Draft, Res>,
    body: Draft | ((version: number) => Draft),
    errorCodes: (response: Res) => readonly number[],
    options?: RequestOptions,
  ): Promise<Res> {
    const nodeId = await this.find(kind, key);
    try {
      const response = await this.#cluster.link(nodeId, purpose).request(api, body, options);
      if (errorCodes(response).some((code) => MOVED.has(code))) this.forget(kind, key);
      return response;
    } catch (error) {
      if (isIndefinite(error)) this.forget(kind, key);
      throw error;
    }
  }

  /**
   * Node that coordinates `key`; one that has left the cluster is not believed to.
   *
   * @throws {TransientError} (retry) while there is none.
   */
  async find(kind: CoordinatorKind, key: string): Promise<number> {
    const known = this.#nodes.get(`${kind}/${key}`);
    if (known !== undefined && this.#isMember(known)) return known;
    const response = await this.#cluster.requestAny(apis.FindCoordinator, (version) =>
      version >= 4 ? { keyType: KEY_TYPES[kind], coordinatorKeys: [key] } : { keyType: KEY_TYPES[kind], key },
    );
    const found = response.coordinators[0] ?? response;
    if (found.errorCode !== ErrorCodes.NONE) {
      throw brokerError(found.errorCode, `FindCoordinator of ${kind} '${key}'`);
    }
    if (!this.#isAt(found)) await this.#cluster.refreshMetadata([]);
    this.#nodes.set(`${kind}/${key}`, found.nodeId);
    return found.nodeId;
  }

  /** The next request looks the coordinator up again. */
  forget(kind: CoordinatorKind, key: string): void {
    this.#nodes.delete(`${kind}/${key}`);
  }

  #isMember(nodeId: number): boolean {
    return this.#cluster.metadataCache.broker(nodeId) !== undefined;
  }

  /** Whether the metadata tell the same address: a broker may have come back at another one. */
  #isAt(found: BrokerAddress & { readonly nodeId: number }): boolean {
    const known = this.#cluster.metadataCache.broker(found.nodeId);
    return known !== undefined && isSameAddress(known, found);
  }
}
