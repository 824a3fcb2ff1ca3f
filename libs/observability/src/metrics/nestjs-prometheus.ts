import { createRequire } from 'node:module';
import type * as NestjsPrometheus from '@willsoto/nestjs-prometheus';

/**
 * @willsoto/nestjs-prometheus is CommonJS and requires @nestjs/common, which is ESM only. Node takes that in any form, but Jest
 * runs CommonJS while it still links the graph that imports it, when @nestjs/common cannot be required yet. Required here,
 * while this module is evaluated, it works in both.
 */
const library = createRequire(import.meta.url)('@willsoto/nestjs-prometheus') as typeof NestjsPrometheus;

export const {
  InjectMetric,
  PrometheusController,
  PrometheusModule,
  makeCounterProvider,
  makeGaugeProvider,
  makeHistogramProvider,
  makeSummaryProvider,
} = library;
