export { ObservabilityModule, type ObservabilityOptions } from './observability.module.js';
export {
  METRICS_REGISTRY,
  METRICS_SOURCE,
  type MetricsSnapshot,
  type MetricsSource,
} from './metrics/metrics.controller.js';
export { ChannelMetrics, IGNORED_EVENTS, METRIC_RULES } from './metrics/channel-metrics.js';
export type { MetricRule } from './metrics/metric-rule.js';
export { HealthModule, type HealthOptions } from './health/health.module.js';
export { HEALTH_INDICATORS, type HealthIndicator, type HealthReport } from './health/health-indicator.js';
export { createLogger, LOG_LEVELS, type LoggerOptions, type LogLevel } from './logging/logger.js';
export { SECRET_FIELDS } from './logging/redaction.js';
export { ChannelLog } from './logging/channel-log.js';
export {
  InjectMetric,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
  makeSummaryProvider,
} from './metrics/nestjs-prometheus.js';
