import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { TopologyExplorer } from '../explorer/topology-explorer.js';

/**
 * Lets a test build topologies with processors from the container, without any broker:
 *
 * ```ts
 * const context = await Test.createTestingModule({
 *   imports: [StreamsTestingModule],
 *   providers: [FlightEnrichment, DelayScore],
 * }).compile();
 * const driver = topologyTestDriver(context, FlightEnrichment);
 * ```
 */
@Module({ imports: [DiscoveryModule], providers: [TopologyExplorer], exports: [TopologyExplorer] })
export class StreamsTestingModule {}
