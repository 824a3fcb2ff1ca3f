import { GrowingBytes } from '@millrace/protocol';
import type { Serde } from '../serde/serde.js';
import { blame } from './blame.js';
import { sendValue } from '../task/send-value.js';
import type { SinkSpec } from '../topology/specs.js';
import type { NodeEnvironment } from './node-environment.js';
import { ProcessorNode, type Outcome } from './processor-node.js';

/** Writes records to a topic. A key or value that is still the source's own is copied as the bytes that it came in. */
export class SinkNode extends ProcessorNode {
  readonly #spec: SinkSpec;
  readonly #topic: string;
  readonly #environment: NodeEnvironment;
  readonly #keyScratch = new GrowingBytes();

  readonly #dropsNullKeys: boolean;

  constructor(spec: SinkSpec, dropsNullKeys: boolean, environment: NodeEnvironment) {
    super(spec.node);
    this.#spec = spec;
    this.#dropsNullKeys = dropsNullKeys;
    this.#topic = environment.topicName(spec.topic, spec.isRepartition);
    this.#environment = environment;
  }

  process(key: unknown, value: unknown, timestampMs: number): Outcome {
    if (this.#dropsNullKeys && (key === null || key === undefined)) {
      this.#environment.counters.droppedNull++;
      return undefined;
    }
    try {
      this.#write(key, value, timestampMs);
    } catch (cause) {
      throw blame(cause, this.name, true);
    }
    return undefined;
  }

  #write(key: unknown, value: unknown, timestampMs: number): void {
    const { context, collector } = this.#environment;
    let keyBytes: Buffer | null = null;
    let keyStart = -1;
    let keyEnd = -1;
    if (key !== null && key !== undefined) {
      if (key === context.key && context.keySerde === this.#spec.key) {
        keyBytes = context.buffer;
        keyStart = context.keyStart;
        keyEnd = context.keyEnd;
      } else {
        keyBytes = serialized(this.#spec.key, key, this.#keyScratch);
        keyStart = 0;
        keyEnd = this.#spec.key.serializeTo === undefined ? keyBytes.length : this.#keyScratch.length;
      }
    }
    let valueBytes: Buffer | null = null;
    let valueStart = -1;
    let valueEnd = -1;
    if (value !== null && value !== undefined) {
      if (value === context.value && context.valueSerde === this.#spec.value) {
        valueBytes = context.buffer;
        valueStart = context.valueStart;
        valueEnd = context.valueEnd;
      } else {
        sendValue(
          collector,
          this.#topic,
          this.#spec.partitionOf?.(key, value) ?? -1,
          timestampMs,
          keyBytes,
          keyStart,
          keyEnd,
          this.#spec.value,
          value,
          context.headers,
          context.headersStart,
          context.headersEnd,
        );
        return;
      }
    }
    collector.send(
      this.#topic,
      this.#spec.partitionOf?.(key, value) ?? -1,
      timestampMs,
      keyBytes,
      keyStart,
      keyEnd,
      valueBytes,
      valueStart,
      valueEnd,
      context.headers,
      context.headersStart,
      context.headersEnd,
    );
  }
}

/** Holds what a serde gives from its beginning; where the serde can, in the scratch, whose length tells the end. */
function serialized(serde: Serde<unknown>, value: unknown, scratch: GrowingBytes): Buffer {
  if (serde.serializeTo === undefined) return serde.serialize(value);
  scratch.clear();
  serde.serializeTo(value, scratch);
  return scratch.bytes;
}
