/**
 * Reads what the application has committed, while it runs, and compares it with the truth about its input.
 *
 * A round: the committed offsets as the wire shows them, then the ends of all outputs, open transactions included; once
 * everything below those ends is read, every input below those offsets must have its effect.
 */
import { Admin, Cluster, CommittedRecords, Fetcher, type FetchedBatch } from '@millrace/client';
import type { Dialer, Random } from '@millrace/kernel';
import type { Folded } from '../workload/folded.js';
import { PART_TOPICS, partTopics, type PartName } from '../workload/parts.js';
import type { InputLedger } from '../workload/input-ledger.js';
import {
  COUNT_CHANGELOG,
  OUTPUTS,
  REPARTITION,
  WINDOW_CHANGELOG,
  WINDOW_MS,
  groupOf,
  topics,
  type Joined,
} from '../workload/topologies.js';
import type { SimulatedHost } from '../world/simulated-host.js';
import { CachedCheck } from './cached-check.js';
import { ChangelogCheck, compareStates } from './changelog-check.js';
import { PairCheck } from './pair-check.js';
import { committedRecord, type PartCheck } from './part-check.js';
import { RelatedCheck } from './related-check.js';
import type { SinkCheck } from './sink-check.js';
import { StageCheck, type StageInput } from './stage-check.js';
import { Violation } from './violation.js';
import type { WireAudit } from './wire-audit.js';

/** What an auditor works with. Its network never fails. */
export interface AuditorOptions {
  readonly host: SimulatedHost;
  readonly dialer: Dialer;
  readonly random: Random;
  readonly ledger: InputLedger;
  readonly wire: WireAudit;
  /** Checks the sink, in runs that have one. */
  readonly sink: SinkCheck | undefined;
  readonly partitions: number;
  /** Which of the parts the application has that not all have. */
  readonly parts: readonly PartName[];
  /** Whether the application runs at least once: effects may come again, and states may hold records twice. */
  readonly mayRepeat: boolean;
  readonly violated: (violation: Violation) => void;
}

interface Stage {
  readonly input: string;
  readonly output: string;
  readonly check: StageCheck;
  /** Whether effects may come when the offset of their input has long been committed: they wait in retry topics. */
  readonly isEventual?: boolean;
}

interface RepartitionRecord {
  readonly id: number;
  readonly key: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
}

const POLL_MS = 100;
const PAUSE_MS = 100;
/** What all applications read. */
const INPUTS_WITH_LAG = [topics.map, topics.count, topics.window, topics.join].map(({ name }) => name);
const REPARTITION_INPUT = topics.window.name;

/** See the head of this file. */
export class Auditor {
  readonly #options: AuditorOptions;
  readonly #cluster: Cluster;
  readonly #records = new CommittedRecords();
  readonly #repartitioned = new Map<number, RepartitionRecord>();
  readonly #rows = new Map<string, number>();
  readonly #verified = new Map<string, number>();
  readonly #counts: StageCheck;
  readonly #windows: StageCheck;
  readonly #stages: readonly Stage[];
  readonly #partChecks: ReadonlyMap<string, PartCheck>;
  readonly #countChangelog = new ChangelogCheck(COUNT_CHANGELOG);
  readonly #windowChangelog = new ChangelogCheck(WINDOW_CHANGELOG);
  #isOver = false;

  constructor(options: AuditorOptions) {
    this.#options = options;
    const { host, dialer, random, ledger, mayRepeat } = options;
    this.#cluster = new Cluster({ bootstrap: ['broker:9092'], clientId: 'auditor', clock: host, random, dialer });
    const fromLedger =
      (topic: string, keyOf: (id: number, key: string) => string) =>
      (id: number): StageInput | 'unknown yet' | undefined => {
        const record = ledger.get(id);
        if (record === undefined || record.topic !== topic) return undefined;
        if (record.offset === undefined) return 'unknown yet';
        return { ...record, offset: record.offset, key: keyOf(id, record.key) };
      };
    const plain = (topic: string): StageCheck =>
      new StageCheck(
        topic,
        fromLedger(topic, (_id, key) => key),
        mayRepeat,
      );
    this.#counts = plain(topics.count.name);
    this.#windows = new StageCheck(REPARTITION, (id) => this.#repartitionInput(id), mayRepeat);
    this.#stages = [
      { input: topics.map.name, output: topics.mapped.name, check: plain(topics.map.name) },
      { input: topics.count.name, output: topics.counted.name, check: this.#counts },
      { input: topics.join.name, output: topics.joined.name, check: plain(topics.join.name) },
      { input: REPARTITION_INPUT, output: REPARTITION, check: new StageCheck(REPARTITION_INPUT, fromLedger(REPARTITION_INPUT, groupOf), mayRepeat) }, // prettier-ignore
      { input: REPARTITION, output: topics.windowed.name, check: this.#windows },
      ...this.#stagesOfParts(plain),
    ];
    this.#partChecks = this.#checksOfParts();
  }

  /** Effects seen, over all stages and parts. */
  get effects(): number {
    return this.#checks.reduce((sum, { count }) => sum + count, 0);
  }

  /** Effects that came again, over all stages. */
  get repeats(): number {
    return this.#checks.reduce((sum, { repeats }) => sum + repeats, 0);
  }

  get #checks(): readonly { readonly count: number; readonly repeats: number }[] {
    return [...this.#stages.map(({ check }) => check), ...new Set(this.#partChecks.values())];
  }

  /** Audits round after round until {@link end}, and once more then. */
  async run(): Promise<void> {
    await this.#cluster.start();
    const read = [
      ...OUTPUTS,
      ...this.#options.parts.flatMap((part) => PART_TOPICS[part].outputs),
      REPARTITION,
      COUNT_CHANGELOG,
      WINDOW_CHANGELOG,
    ];
    await this.#untilThereAre(read);
    const { host, partitions } = this.#options;
    const places = read.flatMap((topic) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })),
    );
    const fetcher = new Fetcher(this.#cluster, { isolation: 'read_committed', maxWaitMs: POLL_MS });
    await fetcher.start();
    fetcher.assign(places);
    for (let isLast = false; !isLast;) {
      isLast = this.#isOver;
      const committed = this.#committedOffsets();
      const ends = await new Admin(this.#cluster).listOffsets(places.map((place) => ({ ...place, at: 'latest' })));
      while (!ends.every((end) => (fetcher.position(end) ?? 0) >= end.offset)) {
        for (const batch of await fetcher.poll(POLL_MS)) this.#read(batch);
      }
      for (const { check } of this.#stages) check.settle();
      this.#verifyEffects(committed);
      this.#verifySink();
      await new Promise<void>((resolve) => host.setTimer(PAUSE_MS, resolve));
    }
    await fetcher.stop();
    await this.#cluster.stop();
    this.#verifyTheEnd();
  }

  end(): void {
    this.#isOver = true;
  }

  /** Input records that are not consumed yet, so far as is known. */
  get lag(): number {
    return Object.values(this.lagByPlace()).reduce((sum, records) => sum + records, 0);
  }

  /** The same, by where they are missed: an input, the effects of a stage or part, the rows of the sink. */
  lagByPlace(): Readonly<Record<string, number>> {
    const { ledger, wire, sink } = this.#options;
    const lag: Record<string, number> = {};
    const missed = (place: string, records = 1): void => {
      if (records > 0) lag[place] = (lag[place] ?? 0) + records;
    };
    const inputs = [...INPUTS_WITH_LAG, ...this.#options.parts.flatMap((part) => lagInputs(part))];
    for (const input of inputs) {
      for (const record of ledger.committed(input)) {
        if ((record.offset ?? Infinity) >= wire.reached(input, record.partition)) missed(input);
      }
    }
    for (const { input, check, isEventual } of this.#stages) {
      if (isEventual !== true) continue;
      for (const { id } of ledger.committed(input)) if (!check.hasEffect(id)) missed(`effects of ${input}`);
    }
    missed('rows of the sink', sink?.missing() ?? 0);
    const checked = new Map([...this.#partChecks].map(([topic, check]) => [check, topic]));
    for (const [check, topic] of checked) missed(`effects in ${topic}`, check.missing());
    for (const { partition, offset } of this.#repartitioned.values()) {
      if (offset >= wire.reached(REPARTITION, partition)) missed(REPARTITION);
    }
    return lag;
  }

  /** The application makes its internal topics when it starts for the first time. */
  async #untilThereAre(names: readonly string[]): Promise<void> {
    const admin = new Admin(this.#cluster);
    for (;;) {
      const known = new Set(await admin.listTopics());
      if (names.every((name) => known.has(name)) || this.#isOver) return;
      await new Promise<void>((resolve) => this.#options.host.setTimer(PAUSE_MS, resolve));
    }
  }

  #committedOffsets(): ReadonlyMap<string, number> {
    const { wire, partitions } = this.#options;
    const offsets = new Map<string, number>();
    for (const { input } of this.#stages) {
      for (let partition = 0; partition < partitions; partition++) {
        offsets.set(`${input}/${partition}`, wire.reached(input, partition));
      }
    }
    return offsets;
  }

  #read(batch: FetchedBatch): void {
    const records = this.#records;
    records.reset(batch);
    while (records.nextRecord()) {
      const { cursor } = records;
      const key = cursor.key()?.toString('latin1') ?? '';
      const value = cursor.value();
      if (value === null) continue;
      try {
        this.#take(batch, key, JSON.parse(value.toString()), cursor.offset, cursor.timestampMs);
      } catch (error) {
        if (!(error instanceof Violation)) throw error;
        this.#options.violated(error);
      }
    }
  }

  #take({ topic, partition }: FetchedBatch, key: string, value: unknown, offset: number, timestampMs: number): void {
    const take = (effect: Parameters<StageCheck['take']>[0]): void =>
      this.#stages.find(({ output }) => output === topic)?.check.take(effect);
    switch (topic) {
      case COUNT_CHANGELOG:
      case WINDOW_CHANGELOG:
        if (this.#options.mayRepeat) return;
        return (topic === COUNT_CHANGELOG ? this.#countChangelog : this.#windowChangelog).take(key, value as Folded);
      case topics.mapped.name:
        this.#options.sink?.take(partition, offset, value);
        return take({ key, id: value as number });
      case REPARTITION: {
        const id = value as number;
        take({ key, id });
        if (!this.#repartitioned.has(id)) this.#repartitioned.set(id, { id, key, partition, offset, timestampMs });
        return;
      }
      case topics.joined.name: {
        const { id, row } = value as Joined;
        return take({ key, id, verify: () => this.#verifyRow(key, id, row) });
      }
      case partTopics.called.name:
      case partTopics.retried.name:
        return take({ key, id: value as number });
      case partTopics.found.name: {
        const { id, row } = value as Joined;
        return take({ key, id, verify: () => this.#verifyGlobal(key, row) });
      }
      default: {
        const check = this.#partChecks.get(topic);
        if (check !== undefined) return check.take(topic, key, value);
        const state = value as Folded;
        return take({ key, id: state.id, state });
      }
    }
  }

  #repartitionInput(id: number): StageInput | 'unknown yet' | undefined {
    const record = this.#repartitioned.get(id);
    if (record === undefined) return this.#options.ledger.get(id) === undefined ? undefined : 'unknown yet';
    const startMs = record.timestampMs - (record.timestampMs % WINDOW_MS);
    return { ...record, key: windowText(record.key, startMs), isAborted: false };
  }

  /** A joined row is one that was committed for the key, and never older than the row before; but at least once it may be. */
  #verifyRow(key: string, id: number, row: number | null): void {
    const before = this.#rows.get(key) ?? -1;
    const record = row === null ? undefined : this.#options.ledger.get(row);
    const what = `${topics.join.name}: record ${id} (key '${key}') met row ${row}`;
    if (row !== null && (record?.isAborted !== false || record.topic !== topics.table.name || record.key !== key)) {
      throw new Violation('no-aborted-data', `${what}, which is not a committed row of its key`);
    }
    const offset = record?.offset ?? -1;
    if (offset < before && !this.#options.mayRepeat)
      throw new Violation('order-per-key', `${what}, which is older than the row before`);
    this.#rows.set(key, offset);
  }

  #verifySink(): void {
    try {
      this.#options.sink?.compare();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.#options.violated(error);
    }
  }

  /** A row of a global table is one that was committed for the key; members may be behind each other. */
  #verifyGlobal(key: string, row: number | null): void {
    if (row !== null) committedRecord(this.#options.ledger, partTopics.global.name, key, row);
  }

  #stagesOfParts(plain: (topic: string) => StageCheck): Stage[] {
    const { call, called, retry, retried, lookup, found } = partTopics;
    const stages: Readonly<Partial<Record<PartName, Stage>>> = {
      calling: { input: call.name, output: called.name, check: plain(call.name) },
      retrying: { input: retry.name, output: retried.name, check: plain(retry.name), isEventual: true },
      'looking-up': { input: lookup.name, output: found.name, check: plain(lookup.name) },
    };
    return this.#options.parts.flatMap((part) => stages[part] ?? []);
  }

  #checksOfParts(): ReadonlyMap<string, PartCheck> {
    const make: Readonly<Partial<Record<PartName, () => PartCheck>>> = {
      caching: () => new CachedCheck(this.#options),
      pairing: () => new PairCheck(this.#options),
      relating: () => new RelatedCheck(this.#options),
    };
    return new Map(
      this.#options.parts.flatMap((part) => {
        const check = make[part]?.();
        return check === undefined ? [] : PART_TOPICS[part].outputs.map((output) => [output, check] as const);
      }),
    );
  }

  #verifyEffects(committed: ReadonlyMap<string, number>): void {
    for (const { input, check, isEventual } of this.#stages) {
      if (isEventual === true) continue;
      for (const record of this.#inputsOf(input)) {
        if (check.hasEffect(record.id)) continue;
        const below = committed.get(`${input}/${record.partition}`) ?? 0;
        if (record.offset === undefined || record.offset >= below) continue;
        const message = `${input}-${record.partition}: record ${record.id} at offset ${record.offset} has no effect, but ${below} is committed`;
        this.#options.violated(new Violation('input-has-effect', message));
      }
    }
  }

  *#inputsOf(input: string): IterableIterator<{ id: number; partition: number; offset: number | undefined }> {
    const all = input === REPARTITION ? [...this.#repartitioned.values()] : this.#options.ledger.committed(input);
    const { check } = this.#stages.find((stage) => stage.input === input) as Stage;
    // What was verified once stays so: only the rest is looked at again.
    let from = this.#verified.get(input) ?? 0;
    while (from < all.length && check.hasEffect((all[from] as { id: number }).id)) from++;
    this.#verified.set(input, from);
    yield* all.slice(from);
  }

  /** At the end, when everything has stopped: changelogs and stores hold what the plain fold of the input says. */
  compareStates(held: ReadonlyMap<string, Folded>): void {
    for (const check of new Set(this.#partChecks.values())) check.verify();
    this.#options.sink?.verify();
    if (this.#options.mayRepeat) return;
    this.#countChangelog.compare(this.#counts.states);
    this.#windowChangelog.compare(this.#windows.states);
    compareStates('store-is-fold', 'the stores of running tasks', held, this.#counts.states);
  }

  #verifyTheEnd(): void {
    for (const { check } of this.#stages) {
      const waiting = check.settle();
      if (waiting === 0) continue;
      const message = `${check.name}: ${waiting} effects follow from records that are not there`;
      this.#options.violated(new Violation('no-aborted-data', message));
    }
  }
}

/** The inputs of a part whose committed offsets say how far it is; nobody commits those of a global table. */
function lagInputs(part: PartName): readonly string[] {
  return PART_TOPICS[part].inputs.filter((input) => input !== partTopics.global.name);
}

/** A windowed key as its bytes read, one character each. */
function windowText(key: string, startMs: number): string {
  return topics.windowed.key.serialize({ key, startMs, endMs: startMs + WINDOW_MS }).toString('latin1');
}
