export { StreamTopology, type StreamTopologyOptions } from './decorators/stream-topology.decorator.js';
export type { TopologyDefinition } from './decorators/topology-definition.js';
export {
  OnRecord,
  Punctuate,
  StreamProcessor,
  type PunctuateOptions,
  type StreamProcessorOptions,
} from './decorators/stream-processor.decorator.js';
export { StreamSink, type StreamSinkOptions } from './decorators/stream-sink.decorator.js';
export { StreamsCoreModule, StreamsModule, type StreamsFeature } from './module/streams.module.js';
export type { StreamsModuleAsyncOptions, StreamsModuleOptions } from './module/streams-module-options.js';
export { StreamsAppHandle, type Runnable } from './module/streams-app-handle.js';
export { StreamsRegistry, type NamedRunnable } from './module/streams-registry.js';
export { StreamsRunner } from './module/streams-runner.js';
export { sinkProvider, sinkToken, type SinkProviderOptions } from './module/sink-provider.js';
export { DEFAULT_APP, InjectStreamsApp, streamsAppToken } from './module/tokens.js';
export { InjectPolicy, policyToken } from './policies/inject-policy.decorator.js';
export {
  PoliciesModule,
  type PoliciesModuleAsyncOptions,
  type PoliciesModuleOptions,
} from './policies/policies.module.js';
export { InjectStore, storeToken } from './queries/inject-store.decorator.js';
export { InteractiveQueries } from './queries/interactive-queries.js';
export { QueriesModule } from './queries/queries.module.js';
export type { QueriesModuleOptions } from './queries/queries-options.js';
export { StreamsHealthModule } from './health/streams-health.module.js';
export {
  StreamsLivenessIndicator,
  StreamsReadinessIndicator,
  type ReadinessOptions,
} from './health/streams-health.indicators.js';
export { retryAfterSeconds } from './http/retry-after.js';
export { NestLog } from './service/nest-log.js';
export { StreamsHealth, StreamsHealthIndicatorModule } from './service/streams-health.js';
export { StreamsWorkers } from './workers/streams-workers.js';
export { StreamsWorkersModule } from './workers/streams-workers.module.js';
export type { StreamsWorkersOptions, WorkerFailure, WorkerFailureAction } from './workers/streams-workers-options.js';
export type { WorkerModule } from './workers/worker-root.module.js';
export { SERVICE_EXIT_CODES, runService, type ServiceOptions } from './service/run-service.js';
