import type { NamedOutputs } from './named-outputs.js';
import type { Processor } from '../processor/processor.js';
import type { ValueProcessor } from '../processor/value-processor.js';
import type { StoreDefinition } from './store-definitions.js';

/** Makes the processor of each task. */
export interface ProcessorSupplier<KIn, VIn, KOut, VOut, O extends NamedOutputs = NamedOutputs> {
  /** Stores that the processor uses; two processors of a sub-topology may share one by giving the same definition. */
  readonly stores?: readonly StoreDefinition[];
  create(): Processor<KIn, VIn, KOut, VOut, O>;
}

/** Makes the processor of values of each task. */
export interface ValueProcessorSupplier<K, VIn, VOut> {
  /** As those of a {@link ProcessorSupplier}. */
  readonly stores?: readonly StoreDefinition[];
  create(): ValueProcessor<K, VIn, VOut>;
}

/** A class that the framework makes a processor of, such as an injectable one. Its types are its own affair. */
export type ProcessorToken = abstract new (...parameters: never[]) => object;

/** Turns a token, such as an injectable class, into a supplier; undefined when it is not known. */
export type ProcessorResolver = (token: object) => ProcessorSupplier<unknown, unknown, unknown, unknown> | undefined;
