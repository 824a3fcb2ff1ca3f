import { FatalError } from '@millrace/kernel';
import { ErrorCodes, apis, type AnyApi } from '@millrace/protocol';
import { brokerError } from '../errors/broker-errors.js';
import type { Connection } from './connection.js';

interface VersionRange {
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** What a broker can do: the versions of each API that it serves and the features that its cluster has finalised. */
export class BrokerCapabilities {
  readonly #ranges: ReadonlyMap<number, VersionRange>;
  readonly #features: ReadonlyMap<string, number>;

  constructor(ranges: ReadonlyMap<number, VersionRange>, features: ReadonlyMap<string, number>) {
    this.#ranges = ranges;
    this.#features = features;
  }

  /**
   * The highest version of an API that both sides speak.
   *
   * @param cap The highest version that the caller can use. Default: the highest that the protocol library knows.
   * @throws {FatalError} (stop-app) `MR_PROTOCOL_UNSUPPORTED` when there is none.
   */
  versionOf(api: AnyApi, cap: number = api.maxVersion): number {
    const version = this.highest(api, cap);
    if (version !== undefined) return version;
    const range = this.#ranges.get(api.key);
    const offered = range === undefined ? 'does not serve it' : `serves ${range.minVersion} to ${range.maxVersion}`;
    throw new FatalError(
      'MR_PROTOCOL_UNSUPPORTED',
      `${api.name} in versions ${api.minVersion} to ${Math.min(cap, api.maxVersion)} is needed, the broker ${offered}`,
    );
  }

  /** As {@link versionOf}, but `undefined` when there is no common version. */
  highest(api: AnyApi, cap: number = api.maxVersion): number | undefined {
    const range = this.#ranges.get(api.key);
    if (range === undefined) return undefined;
    const version = Math.min(range.maxVersion, api.maxVersion, cap);
    return version >= Math.max(range.minVersion, api.minVersion) ? version : undefined;
  }

  /** The finalised level of a feature (KIP-584); 0 when the cluster does not have it. */
  feature(name: string): number {
    return this.#features.get(name) ?? 0;
  }
}

/** Asks a fresh connection what its broker can do (KIP-35, KIP-511). */
export async function askCapabilities(connection: Connection, timeoutMs: number): Promise<BrokerCapabilities> {
  const body = { clientSoftwareName: 'millrace', clientSoftwareVersion: '0.1.0' };
  let response = await connection.request(apis.ApiVersions, apis.ApiVersions.maxVersion, body, timeoutMs);
  if (response.errorCode === ErrorCodes.UNSUPPORTED_VERSION) {
    const offered = response.apiKeys.find((each) => each.apiKey === apis.ApiVersions.key);
    const version = Math.min(offered?.maxVersion ?? 0, apis.ApiVersions.maxVersion);
    response = await connection.request(apis.ApiVersions, version, body, timeoutMs);
  }
  if (response.errorCode !== ErrorCodes.NONE) throw brokerError(response.errorCode, 'ApiVersions');
  return new BrokerCapabilities(
    new Map(response.apiKeys.map((each) => [each.apiKey, each])),
    new Map((response.finalizedFeatures ?? []).map((each) => [each.name, each.maxVersionLevel])),
  );
}
