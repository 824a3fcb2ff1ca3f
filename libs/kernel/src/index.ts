export { checkOneOf } from './options/check-one-of.js';
export { isCount } from './options/is-count.js';
export { ERROR_CODES, type ErrorCode } from './errors/error-codes.js';
export {
  ConfigurationError,
  DISPOSITIONS,
  FatalError,
  MillraceError,
  RecordError,
  TaskError,
  TransientError,
  describeError,
  dispositionOf,
  isMillraceError,
  type Disposition,
  type ErrorPlace,
  type MillraceErrorOptions,
} from './errors/errors.js';
export { SystemClock, sleep, type Clock, type Timer } from './time/clock.js';
export { ManualClock } from './time/manual-clock.js';
export { toMs, type Duration } from './time/duration.js';
export { SeededRandom, SystemRandom, nextInt, shuffle, type Random } from './random/random.js';
export {
  LATENCY_BOUNDS_MS,
  LatencyHistogram,
  type LatencyCounts,
  type LatencySummary,
} from './latency/latency-histogram.js';
export { diagnosticsChannel, type DiagnosticsChannel } from './diagnostics/diagnostics.js';
export type { ByteStream, Dialer } from './stream/byte-stream.js';
export { streamPair, type Delivery } from './stream/stream-pair.js';
export { LifecycleGroup, type Lifecycle } from './lifecycle/lifecycle.js';
