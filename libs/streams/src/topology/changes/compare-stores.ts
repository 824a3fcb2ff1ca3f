import { tasksOf, type ApplicationFacts, type Placed } from './application-facts.js';
import type { ChangeList } from './change-list.js';
import type { StoreDescription } from './topology-description.js';

/** The kinds of store whose operators remember a stream time of their own under their name. */
const TIMED_KINDS: ReadonlySet<string> = new Set([
  'window',
  'session',
  'join-window',
  'join-unmatched',
  'suppress-buffer',
  'time-buffer',
]);

const RESET =
  'Give the store a new name and let it fill from now on; or stop all processes, delete its changelog and what a store engine keeps of it, set the offsets of its inputs back to where it is to be built from, and accept the change';

/** Compares the stores of two versions of an application. */
export function compareStores(before: ApplicationFacts, after: ApplicationFacts, list: ChangeList): void {
  for (const [name, store] of before.stores) {
    const next = after.stores.get(name);
    if (next === undefined) storeRemoved(store, list);
    else compareStore(store, next, list);
  }
  for (const [name, { it }] of after.stores) if (!before.stores.has(name)) storeAdded(it, list);
}

function storeAdded({ name, changelog, sourceTopic }: StoreDescription, list: ChangeList): void {
  const place = `store ${name}`;
  if (changelog === 'source-topic') {
    list.compatible(
      'store-added',
      place,
      'is new',
      `it is filled from the topic '${sourceTopic}', which it is a copy of`,
    );
    return;
  }
  const why =
    'it begins empty, with the first record that a new process handles; what processes of the former version still handle during a rolling deploy is not in it';
  if (changelog === 'none') {
    list.compatible('store-added', place, 'is new', why);
    return;
  }
  list.compatibleIf(
    ['store-added', place, 'is new', why],
    { topics: [changelogOf(name)], are: 'empty' },
    [
      'store-returned',
      place,
      'is new, but its changelog holds records',
      'an earlier version left them, and what happened since is not in them',
    ],
    RESET,
  );
}

function changelogOf(store: string): string {
  return `<applicationId>-${store}-changelog`;
}

function storeRemoved({ sub, it }: Placed<StoreDescription>, list: ChangeList): void {
  const { name, changelog } = it;
  const place = `store ${name}`;
  if (changelog === 'source-topic') {
    list.compatible(
      'store-removed',
      place,
      'is gone',
      `nothing is lost: it was a copy of the topic '${it.sourceTopic}'`,
    );
    return;
  }
  const waiting = sub.sources.find(({ retry }) => retry?.waitingKeys === name);
  if (waiting !== undefined) {
    const topics = (waiting.retry?.delaysMs ?? []).map((_delay, nth) => retryTopic(waiting.name, nth + 1));
    list.needsMigration(
      ['store-removed', place, 'is gone', 'records that wait in the retry topics would lose their order'],
      `Wait until the retry topics of '${waiting.name}' are drained`,
      { topics, are: 'drained' },
    );
    return;
  }
  const isException = sub.sources.some(({ retry }) => retry?.exceptions === name);
  const why = isException
    ? 'rows that its table was kept from taking would be taken when the table is restored'
    : 'what it holds is abandoned';
  const what = 'is gone, or has another name';
  const remedy =
    'Keep its name; or export its rows and write them through the topology again, under the new name; or accept that they are lost';
  list.needsMigration(
    ['store-removed', place, what, why],
    remedy,
    changelog === 'own' ? { topics: [changelogOf(name)], are: 'empty' } : undefined,
  );
}

/** The name of a source's n-th retry topic, from 1, as descriptions have it. */
export function retryTopic(source: string, nth: number): string {
  return `<applicationId>-${source}-retry-${nth}`;
}

function compareStore(before: Placed<StoreDescription>, after: Placed<StoreDescription>, list: ChangeList): void {
  const { it: was } = before;
  const { it: is } = after;
  const place = `store ${was.name}`;
  const changed = (from: unknown, to: unknown, what: string): string =>
    `${what} is '${String(to)}', was '${String(from)}'`;
  if (was.kind !== is.kind) {
    const why = 'its changelog holds rows of another form';
    list.needsReset(['store-kind-changed', place, changed(was.kind, is.kind, 'its kind'), why], RESET);
    return;
  }
  if (was.key !== is.key) {
    const why = 'rows under the former bytes of a key are not found again';
    list.needsReset(['store-key-changed', place, changed(was.key, is.key, 'the serde of its keys'), why], RESET);
  }
  if (was.value !== is.value) {
    const why = 'rows that stand cannot be read';
    list.needsReset(
      ['store-value-changed', place, changed(was.value, is.value, 'the serde of its values'), why],
      RESET,
    );
  }
  compareWindows(was, is, list);
  compareChangelog(was, is, list);
  compareInputs(was, is, list);
  const isOperatorKept = is.operators.some((name) => was.operators.includes(name));
  if (TIMED_KINDS.has(is.kind) && was.operators.length > 0 && !isOperatorKept) {
    const names = `operator '${is.operators.join("', '")}' uses it, in place of '${was.operators.join("', '")}'`;
    list.needsMigration(
      [
        'store-operator-renamed',
        place,
        names,
        'stream time is committed under the name of the operator and begins anew: what was late counts again, and windows may close twice',
      ],
      'Keep the name of the operator; or accept that',
    );
  }
  if (tasksOf(before) === tasksOf(after)) return;
  const move = `belongs to the tasks ${tasksOf(after)}, did to ${tasksOf(before)}`;
  if (is.changelog === 'none') {
    list.needsMigration(
      [
        'store-moved',
        place,
        move,
        'it has no changelog, and what an engine keeps stays in the place of the former task',
      ],
      'Keep the order in which the topology is declared; or give the store a changelog first; or accept that its rows are lost',
    );
  } else {
    list.compatible('store-moved', place, move, 'it is restored from its changelog');
  }
}

function compareWindows(was: StoreDescription, is: StoreDescription, list: ChangeList): void {
  const place = `store ${was.name}`;
  if (was.windows !== is.windows || was.windowSizeMs !== is.windowSizeMs) {
    const name = (store: StoreDescription): string => store.windows ?? `${store.windowSizeMs} ms`;
    const why = 'rows that stand belong to windows that nobody completes, and new windows lack the records of before';
    list.needsReset(['store-windows-changed', place, `its windows are '${name(is)}', were '${name(was)}'`, why], RESET);
  }
  if (was.retentionMs === is.retentionMs) return;
  const text = (retentionMs: number | null): string => (retentionMs === null ? 'for ever' : `for ${retentionMs} ms`);
  const change = `keeps rows ${text(is.retentionMs)}, did ${text(was.retentionMs)}`;
  if ((is.retentionMs ?? Infinity) < (was.retentionMs ?? Infinity)) {
    const why = 'older rows are dropped at once, windows that are still open among them';
    list.needsReset(['store-retention-shortened', place, change, why], RESET);
  } else {
    const why = 'rows that were dropped already do not come back';
    list.compatible('store-retention-lengthened', place, change, why);
  }
}

function compareChangelog(was: StoreDescription, is: StoreDescription, list: ChangeList): void {
  const place = `store ${was.name}`;
  if (was.sourceTopic !== is.sourceTopic) {
    const from = (store: StoreDescription): string =>
      store.sourceTopic === null ? 'a changelog of its own' : `the topic '${store.sourceTopic}'`;
    const why = 'what stands does not follow from it, and positions of the one mean nothing in the other';
    list.needsReset(['store-source-changed', place, `is restored from ${from(is)}, was from ${from(was)}`, why], RESET);
  } else if (was.changelog === 'own' && is.changelog === 'none') {
    list.needsMigration(
      [
        'store-changelog-removed',
        place,
        'has no changelog any more',
        'it is not restored: its rows are lost with its task',
      ],
      'Keep its changelog; or accept that',
    );
  } else if (was.changelog === 'none' && is.changelog === 'own') {
    list.needsMigration(
      [
        'store-changelog-added',
        place,
        'has a changelog now',
        'the rows of before are not in it, and are lost when the task moves',
      ],
      'Give the store a new name and let it fill; or accept that',
    );
  }
}

/** Whether what decides the partition of a row is still what it was. */
function compareInputs(was: StoreDescription, is: StoreDescription, list: ChangeList): void {
  // A copy of a topic is partitioned as the topic is.
  if (is.sourceTopic !== null || was.sourceTopic !== null) return;
  if (was.inputs.length === 0 || is.inputs.some((topic) => was.inputs.includes(topic))) return;
  const place = `store ${was.name}`;
  const names = (store: StoreDescription): string => store.inputs.map((topic) => `'${topic}'`).join(', ');
  const change = `is fed from ${names(is)}, was from ${names(was)}`;
  const isInternal = (topic: string): boolean => topic.startsWith('<applicationId>-');
  if (was.inputs.some(isInternal) !== is.inputs.some(isInternal)) {
    const why = 'records have other keys or partitions than when its rows were written';
    list.needsReset(['store-partitioning-changed', place, change, why], RESET);
    return;
  }
  list.needsMigration(
    [
      'store-input-renamed',
      place,
      change,
      'offsets are not carried over: the new topic is read from its beginning, and rows stay in the partitions that the old one gave them',
    ],
    'Keep the name; or drain the old topic, make sure that the new one has the same keys, the same number of partitions and only records that were not counted, and accept the change; with other keys the store needs a reset',
  );
}
