import { type apis, ErrorCodes, type RequestOf, type ResponseDraftOf } from '@millrace/protocol';
import type { BrokerServices } from './services.js';

type Answer = ResponseDraftOf<typeof apis.ApiVersions>;
type ApiRange = Answer['apiKeys'][number];

/** ApiVersions: what this broker serves, and the transaction version that clients may rely on (KIP-584). */
export function apiVersionsHandler(ranges: () => readonly ApiRange[]) {
  return (services: BrokerServices, _request: RequestOf<typeof apis.ApiVersions>): Answer => ({
    errorCode: ErrorCodes.NONE,
    apiKeys: ranges(),
    supportedFeatures: [{ name: 'transaction.version', minVersion: 0, maxVersion: 2 }],
    finalizedFeaturesEpoch: 0,
    finalizedFeatures: [
      {
        name: 'transaction.version',
        maxVersionLevel: services.transactionVersion,
        minVersionLevel: services.transactionVersion,
      },
    ],
  });
}

/** The answer to a version of ApiVersions that the broker does not know: clients fall back to a version in it (KIP-511). */
export function unsupportedApiVersions(ranges: readonly ApiRange[]): Answer {
  return { errorCode: ErrorCodes.UNSUPPORTED_VERSION, apiKeys: ranges };
}
