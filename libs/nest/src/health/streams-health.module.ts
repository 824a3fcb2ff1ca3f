import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { StreamsCoreModule } from '../module/streams.module.js';
import { StreamsLivenessIndicator, StreamsReadinessIndicator } from './streams-health.indicators.js';

/**
 * Provides the health indicators of the streams applications and sinks of this process.
 *
 * ```ts
 * @Get('ready') @HealthCheck()
 * ready() { return this.health.check([() => this.readiness.check('streams', { maxLagRecords: 10_000 })]); }
 * ```
 */
@Module({
  imports: [TerminusModule, StreamsCoreModule],
  providers: [StreamsLivenessIndicator, StreamsReadinessIndicator],
  exports: [TerminusModule, StreamsLivenessIndicator, StreamsReadinessIndicator],
})
export class StreamsHealthModule {}
