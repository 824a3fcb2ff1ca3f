/**
 * Defects that are put into a run on purpose, one at a time, to show that a checker sees them.
 *
 * Each is named after the invariant that it breaks.
 */
import { FatalError } from '@millrace/kernel';
import {
  apis,
  crc32c,
  decodeRequestFrame,
  decodeResponseFrame,
  encodeRequestFrame,
  encodeResponseFrame,
} from '@millrace/protocol';
import type { KeyValueStore, SinkRecord } from '@millrace/streams';
import type { Invariant } from '../checks/violation.js';
import type { OpenRequest } from '../checks/wire-audit.js';
import { NOTHING, type Folded } from '../workload/folded.js';
import type { InputLedger } from '../workload/input-ledger.js';
import { COUNT_CHANGELOG, topics } from '../workload/topologies.js';
import type { Frame } from '../world/simulated-network.js';

/** The committed record of its topic at which a defect strikes: late enough that everything runs. */
const NTH = 15;
/** A frame on the wire begins with its size. */
const SIZE_BYTES = 4;
/** Where the checksum of a record batch stands, and what it covers. */
const CRC_AT = 17;
const CRC_FROM = 21;
const RECORDS_AT = 61;

/** The store in the heap can be written to without its changelog, which no handler is offered. */
interface HeapPut extends KeyValueStore<string, Folded> {
  put(key: string, value: Folded, timestampMs: number, isLogged?: boolean): void;
}

/** What a defective run does wrong. */
export class Defect {
  readonly invariant: Invariant | undefined;
  readonly #ledger: InputLedger;
  readonly #swapped = new Set<number>();
  #isDone = false;

  constructor(invariant: Invariant | undefined, ledger: InputLedger) {
    this.invariant = invariant;
    this.#ledger = ledger;
  }

  /** Whether a source commits a transaction that it calls aborted: once. */
  leaksAborted(): boolean {
    return this.invariant === 'no-aborted-data' && this.#ledger.size > 50 && this.#once();
  }

  /** How often a record is passed on; undefined where nothing is wrong with it. */
  handle(stage: 'map' | 'count' | 'window' | 'join', id: number): number | Promise<number> | undefined {
    const { invariant } = this;
    const passes = { 'input-has-effect': 0, 'effect-once': 2 } as const;
    if (invariant === 'input-has-effect' || invariant === 'effect-once') {
      return this.#isTarget(stage, 'map', id) ? passes[invariant] : undefined;
    }
    if (invariant === 'state-is-fold' && this.#isTarget(stage, 'count', id)) return 2;
    if (invariant === 'nothing-hangs' && this.#isTarget(stage, 'join', id)) return new Promise(() => undefined);
    if (invariant === 'nothing-dies' && this.#isTarget(stage, 'map', id)) {
      throw new FatalError('MR_TASK_FAILED', 'a defect was injected');
    }
    return undefined;
  }

  /** What a sink writes of the records that it is given: one is left out, once. */
  sunk(records: readonly SinkRecord[]): readonly SinkRecord[] {
    if (this.invariant !== 'sinks-agree' || records.length === 0 || this.#ledger.size < 50 || !this.#once())
      return records;
    return records.slice(1);
  }

  /** Passes a record on after the one that follows it, once. */
  reorder(id: number): readonly number[] {
    if (this.invariant !== 'order-per-key') return [id];
    if (this.#swapped.has(id)) return [];
    const record = this.#ledger.get(id);
    const next = this.#ledger
      .committed(topics.map.name)
      .find((each) => each.key === record?.key && (each.offset ?? -1) > (record.offset ?? Infinity));
    if (next === undefined || !this.#once()) return [id];
    this.#swapped.add(next.id);
    return [next.id, id];
  }

  /** Changes a store behind the back of its changelog, as a bug in it would. */
  spoil(store: KeyValueStore<string, Folded>): void {
    if (this.invariant !== 'store-is-fold') return;
    const heap = store as HeapPut;
    heap.put('k0', NOTHING, 0, false);
  }

  /** What goes to the broker instead of a request; nothing when it is lost. */
  request({ bytes }: Frame): Buffer | undefined {
    const apiKey = bytes.readInt16BE(4);
    if (isOffsets(apiKey) && this.#ledger.size > 100) {
      if (this.invariant === 'lag-drains') return undefined;
      if (this.invariant === 'offsets-never-back') return this.#withOldOffsets(bytes);
    }
    if (apiKey === apis.Produce.key && this.invariant === 'changelog-is-fold') this.#misplaceChange(bytes);
    return bytes;
  }

  /** What goes to a client instead of an answer. */
  answer(bytes: Buffer, request: OpenRequest | undefined): Buffer {
    if (this.invariant !== 'zombie-refused' || request === undefined || !isOffsets(request.apiKey)) return bytes;
    const { version } = request;
    const api = offsetsApi(request.apiKey);
    const { correlationId, body } = decodeResponseFrame(api, version, bytes.subarray(SIZE_BYTES));
    const accepted = body.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 0 })),
    }));
    return Buffer.concat(encodeResponseFrame(api, version, correlationId, { topics: accepted }));
  }

  #isTarget(stage: string, target: 'map' | 'count' | 'join', id: number): boolean {
    return stage === target && this.#ledger.committed(topics[target].name)[NTH]?.id === id;
  }

  #once(): boolean {
    const isFirst = !this.#isDone;
    this.#isDone = true;
    return isFirst;
  }

  /** Without a transaction offsets go back as well, so long as the commit is of now. */
  #withOldOffsets(bytes: Buffer): Buffer {
    const { header, body } = decodeRequestFrame(bytes.subarray(SIZE_BYTES));
    const { apiVersion, correlationId, clientId } = header;
    if (bytes.readInt16BE(4) === apis.OffsetCommit.key) {
      const request = apis.OffsetCommit.decodeRequest(body, apiVersion);
      const old = { ...request, topics: request.topics.map(atTheBeginning) };
      return Buffer.concat(encodeRequestFrame(apis.OffsetCommit, apiVersion, correlationId, clientId, old));
    }
    const request = apis.TxnOffsetCommit.decodeRequest(body, apiVersion);
    const old = { ...request, topics: request.topics.map(atTheBeginning) };
    return Buffer.concat(encodeRequestFrame(apis.TxnOffsetCommit, apiVersion, correlationId, clientId, old));
  }

  /** A changelog record goes to another key: its own has lost it. */
  #misplaceChange(bytes: Buffer): void {
    const { header, body } = decodeRequestFrame(bytes.subarray(SIZE_BYTES));
    const request = apis.Produce.decodeRequest(body, header.apiVersion);
    for (const { name, partitionData } of request.topicData) {
      if (name !== COUNT_CHANGELOG) continue;
      for (const { records } of partitionData) {
        const at = records === null ? -1 : records.indexOf('k', RECORDS_AT);
        if (records === null || at < 0 || !this.#once()) continue;
        records[at] = 'z'.charCodeAt(0);
        records.writeUInt32BE(crc32c(records.subarray(CRC_FROM)), CRC_AT);
      }
    }
  }
}

function atTheBeginning<
  P extends { readonly committedOffset: number },
  T extends { readonly partitions: readonly P[] },
>(topic: T): T {
  return { ...topic, partitions: topic.partitions.map((each) => ({ ...each, committedOffset: 0 })) };
}

function isOffsets(apiKey: number): boolean {
  return apiKey === apis.TxnOffsetCommit.key || apiKey === apis.OffsetCommit.key;
}

function offsetsApi(apiKey: number): typeof apis.TxnOffsetCommit | typeof apis.OffsetCommit {
  return apiKey === apis.OffsetCommit.key ? apis.OffsetCommit : apis.TxnOffsetCommit;
}
