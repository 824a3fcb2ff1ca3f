export { ResiliencePolicies } from './policy/policies.js';
export { createPolicy, type ExecutionPolicy, type PolicyEnvironment } from './policy/policy.js';
export type { BreakerOptions, BulkheadOptions, PolicyOptions, RetryOptions } from './policy/policy-options.js';
export { fullJitterMs } from './retry/backoff.js';
export {
  resilienceChannels,
  type BreakerEvent,
  type BreakerState,
  type BulkheadEvent,
  type CallEvent,
  type RetryEvent,
  type TimeoutEvent,
} from './diagnostics/channels.js';
