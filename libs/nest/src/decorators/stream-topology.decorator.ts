import { applyDecorators, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';

/** Options of {@link StreamTopology}. */
export interface StreamTopologyOptions {
  /** The permanent name of the topology, unique within its application. It is part of the names of its tasks. */
  readonly name: string;
  /** The application that runs it: the `name` given to `StreamsModule.forRoot`. Default: `default`. */
  readonly app?: string;
}

/** Marks the classes that {@link StreamTopology} decorates; for the explorer. */
export const TopologyMark = DiscoveryService.createDecorator<StreamTopologyOptions>();

/**
 * Declares a provider that defines a topology. It is found wherever it is provided, built when the application boots,
 * and started with it. The class implements `TopologyDefinition`; what its constructor asks for is injected.
 */
export function StreamTopology(options: StreamTopologyOptions): ClassDecorator {
  return applyDecorators(Injectable(), TopologyMark(options));
}
