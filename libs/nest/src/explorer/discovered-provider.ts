import type { Type } from '@nestjs/common';
import type { DiscoverableDecorator, DiscoveryService } from '@nestjs/core';

/** A provider that carries a decorator. */
export interface DiscoveredProvider<Options> {
  readonly type: Type;
  readonly instance: object;
  readonly options: Options;
}

/**
 * The providers of all modules that carry `mark`, each class once.
 *
 * @param problems Takes a sentence for each whose instances are not shared: nothing could be said about which one is meant.
 */
export function discover<Options>(
  discovery: DiscoveryService,
  mark: DiscoverableDecorator<Options>,
  problems: string[],
): DiscoveredProvider<Options>[] {
  const found = new Map<unknown, DiscoveredProvider<Options>>();
  for (const wrapper of discovery.getProviders({ metadataKey: mark.KEY })) {
    const type = wrapper.metatype as Type;
    if (found.has(type)) continue;
    if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) {
      problems.push(
        `${type.name} must be a singleton, but it is transient, or it or something that it injects is request-scoped: records belong to no request`,
      );
      continue;
    }
    const options = discovery.getMetadataByDecorator(mark, wrapper) as Options;
    found.set(type, { type, instance: wrapper.instance as object, options });
  }
  return [...found.values()];
}
