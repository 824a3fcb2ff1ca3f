import {
  GlobalTable,
  GroupedStream,
  GroupedTable,
  KStream,
  KTable,
  SessionedStream,
  TopologyBuilder,
  WindowedStream,
  hopping,
  json,
  session,
  sliding,
  topic,
  tumbling,
  utf8,
} from '@millrace/streams';
import { processorOf } from './processors.mjs';
import { UnknownInScenario, flatMapper, fold, inverse, joiner, keyBy, mapper, predicate } from './values.mjs';

const value = json();

/** Refuses a node with fields that its operator does not know: an option that nobody reads would pass unnoticed. */
function onlyKnown(node, known) {
  const unknown = Object.keys(node).filter((field) => !['op', 'id', ...known].includes(field));
  if (unknown.length > 0) throw new UnknownInScenario(`'${node.op}' does not know: ${unknown.join(', ')}`);
}

/** The options of a node's store; a kind of store that the DSL lacks, or has not there, is refused. */
function storeOf(node, kinds) {
  const {
    type = kinds[0],
    name = `${node.id}-store`,
    engine,
    logging = true,
    caching = false,
    historyMs,
    ...rest
  } = node.store ?? {};
  if (!kinds.includes(type)) throw new UnknownInScenario(`'${node.op}' has no ${type} store`);
  if ((type === 'versioned') !== (historyMs !== undefined)) {
    throw new UnknownInScenario('a versioned store, and no other, has a historyMs');
  }
  if (Object.keys(rest).length > 0)
    throw new UnknownInScenario(`a store does not know: ${Object.keys(rest).join(', ')}`);
  return {
    store: name,
    ...(engine === undefined ? {} : { engine }),
    ...(logging ? {} : { logging }),
    // As in Kafka Streams, a versioned store is never cached.
    ...(caching && type !== 'versioned' ? { cache: true } : {}),
    ...(historyMs === undefined ? {} : { history: historyMs }),
  };
}

/** Refuses a node on something that has not the operator, such as a table where the DSL only knows it on streams. */
function must(target, operator, what) {
  if (typeof target?.[operator] !== 'function') {
    throw new UnknownInScenario(`${what} is not known on a ${target?.constructor?.name ?? 'missing node'}`);
  }
  return target;
}

const partitioned = new WeakMap();

/** A stream whose keys have changed, repartitioned once under a name of its own: scenarios name no such topics. */
function partitionedAgain(stream) {
  if (!(stream instanceof KStream) || !stream.isRekeyed) return stream;
  const known = partitioned.get(stream) ?? stream.repartition(`${stream.node.name}-again`);
  partitioned.set(stream, known);
  return known;
}

/** The operators that need equal keys in one partition, on both sides. */
const KEYED = new Set(['groupByKey', 'toTable', 'deduplicate', 'join']);

/** The windows of a windowedBy. */
function windowsOf({ tumbling: tumbled, hopping: hopped, sliding: slid, session: active }) {
  if (tumbled !== undefined) return tumbling({ size: tumbled.sizeMs, grace: tumbled.graceMs });
  if (hopped !== undefined) return hopping({ size: hopped.sizeMs, advance: hopped.advanceMs, grace: hopped.graceMs });
  if (slid !== undefined) return sliding({ difference: slid.differenceMs, grace: slid.graceMs });
  if (active !== undefined) return session({ gap: active.gapMs, grace: active.graceMs });
  throw new UnknownInScenario("a windowedBy needs one of 'tumbling', 'hopping', 'sliding' and 'session'");
}

/** A count, reduce or aggregate on grouped records or on a grouped table. */
function folded(node, from) {
  const target = must(from, node.op, `'${node.op}'`);
  const [kinds, emits] = FOLDED.get(from.constructor) ?? [];
  if (kinds === undefined) throw new UnknownInScenario(`'${node.op}' is not known on a ${from.constructor.name}`);
  if (node.emit !== undefined && !emits) throw new UnknownInScenario(`'${node.op}' without windows has no 'emit'`);
  const emit = node.emit === undefined ? {} : { emit: node.emit };
  const options = { ...storeOf(node, kinds), ...emit, value };
  if (node.op === 'count') return target.count(node.id, options);
  const add = fold(node.fn);
  if (from instanceof GroupedTable) {
    const subtract = inverse(node.fn);
    if (node.op === 'reduce') return target.reduce(node.id, { ...options, add, subtract });
    return target.aggregate(node.id, { ...options, initialize: () => (node.fn === 'concat' ? '' : 0), add, subtract });
  }
  if (node.op === 'reduce') return target.reduce(node.id, { ...options, reduce: add });
  return target.aggregate(node.id, { ...options, initialize: () => null, add, merge: add });
}

/** The kinds of store that each may be folded into, and whether it can wait for windows to close. */
const FOLDED = new Map([
  [GroupedStream, [['keyValue', 'versioned'], false]],
  [GroupedTable, [['keyValue', 'versioned'], false]],
  [WindowedStream, [['window'], true]],
  [SessionedStream, [['session'], true]],
]);

function cogrouped(node, known) {
  const inputs = node.from.map(({ id, fn }) => ({ grouped: known.get(id), add: fn === 'count' ? counted : fold(fn) }));
  const [first, ...rest] = inputs;
  let cogroup = must(first?.grouped, 'cogroup', 'cogroup').cogroup(first.add);
  for (const { grouped, add } of rest) cogroup = cogroup.cogroup(must(grouped, 'cogroup', 'cogroup'), add);
  return cogroup.aggregate(node.id, { ...storeOf(node, ['keyValue']), initialize: () => null, value });
}

const counted = (aggregate) => (aggregate ?? 0) + 1;

function suppressed(node, from) {
  const until = node.until === 'window-closes' ? node.until : { after: node.until.timeLimitMs };
  const { whenFull = 'emit-early', ...bounds } = node.buffer ?? {};
  return must(from, 'suppress', 'suppress').suppress(node.id, {
    until,
    store: `${node.id}-buffer`,
    ...(node.buffer === undefined ? {} : { buffer: { ...bounds, whenFull } }),
  });
}

function joined(node, from, other) {
  const method = { inner: 'join', left: 'leftJoin', outer: 'outerJoin' }[node.type];
  if (method === undefined) throw new UnknownInScenario(`the join type '${node.type}' is not known`);
  const join = joiner(node.joiner);
  must(from, method, `the ${node.type} join`);
  if (other instanceof KStream) {
    onlyKnown(node, ['from', 'with', 'type', 'joiner', 'window']);
    const { beforeMs, afterMs, graceMs } = node.window;
    return from[method](node.id, other, { within: { before: beforeMs, after: afterMs }, grace: graceMs, join, value });
  }
  if (other instanceof GlobalTable) {
    onlyKnown(node, ['from', 'with', 'type', 'joiner', 'globalKey']);
    return from[method](node.id, other, { by: keyBy(node.globalKey), join, value });
  }
  if (!(other instanceof KTable)) throw new UnknownInScenario(`'${node.with}' cannot be joined`);
  if (from instanceof KTable) {
    onlyKnown(node, ['from', 'with', 'type', 'joiner', 'store']);
    return from[method](node.id, other, { ...storeOf(node, ['keyValue', 'versioned']), join, value });
  }
  onlyKnown(node, ['from', 'with', 'type', 'joiner', 'graceMs']);
  const grace = node.graceMs === undefined ? {} : { grace: node.graceMs };
  return from[method](node.id, other, { join, value, ...grace });
}

function joinedByForeignKey(node, from, other) {
  const method = { inner: 'foreignKeyJoin', left: 'leftForeignKeyJoin' }[node.type];
  if (method === undefined) throw new UnknownInScenario(`the foreign-key join type '${node.type}' is not known`);
  const options = {
    ...storeOf(node, ['keyValue']),
    foreignKey: keyBy(node.foreignKey),
    join: joiner(node.joiner),
    value,
  };
  return must(from, method, 'foreignKeyJoin')[method](node.id, other, options);
}

/** The operators: the fields that each knows, and what it makes of its node. `from` and `with` are looked up already. */
const operators = {
  stream: [['topic'], (node, { builder }) => builder.stream(node.id, topic(node.topic, utf8, value))],
  table: [
    ['topic', 'store'],
    (node, { builder }) =>
      builder.table(node.id, topic(node.topic, utf8, value), storeOf(node, ['keyValue', 'versioned'])),
  ],
  globalTable: [
    ['topic', 'store'],
    (node, { builder }) => builder.globalTable(node.id, topic(node.topic, utf8, value), storeOf(node, ['keyValue'])),
  ],
  filter: [
    ['from', 'field', 'equals', 'above', 'below'],
    (node, { from }) => must(from, 'filter', 'filter').filter(node.id, predicate(node)),
  ],
  filterNot: [
    ['from', 'field', 'equals', 'above', 'below'],
    (node, { from }) => must(from, 'filterNot', 'filterNot').filterNot(node.id, predicate(node)),
  ],
  mapValues: [
    ['from', 'fn'],
    (node, { from }) => must(from, 'mapValues', 'mapValues').mapValues(node.id, mapper(node.fn), value),
  ],
  flatMapValues: [
    ['from', 'fn'],
    (node, { from }) => must(from, 'flatMapValues', 'flatMapValues').flatMapValues(node.id, flatMapper(node.fn), value),
  ],
  rekey: [['from', 'key'], (node, { from }) => must(from, 'rekey', 'rekey').rekey(node.id, keyBy(node.key), utf8)],
  repartition: [
    ['from', 'name'],
    (node, { from }) => must(from, 'repartition', 'repartition').repartition(node.name ?? node.id),
  ],
  merge: [['from', 'with'], (node, { from, other }) => must(from, 'merge', 'merge').merge(node.id, other)],
  branch: [
    ['from', 'branches', 'default'],
    (node, { from, known }) => {
      const branches = Object.fromEntries(
        node.branches.map(({ id, ...test }) => {
          onlyKnown({ op: 'branch', ...test }, ['field', 'equals', 'above', 'below']);
          return [id, predicate(test)];
        }),
      );
      const made = must(from, 'branch', 'branch').branch(node.id ?? `${node.from}-branches`, branches);
      for (const { id } of node.branches) known.set(id, made[id]);
      if (node.default !== undefined) known.set(node.default, made.default);
      return undefined;
    },
  ],
  groupByKey: [['from'], (node, { from }) => must(from, 'groupByKey', 'groupByKey').groupByKey()],
  groupBy: [
    ['from', 'key'],
    (node, { from }) => must(from, 'groupBy', 'groupBy').groupBy(node.id, keyBy(node.key), utf8),
  ],
  windowedBy: [
    ['from', 'tumbling', 'hopping', 'sliding', 'session'],
    (node, { from }) => must(from, 'windowedBy', 'windowedBy').windowedBy(windowsOf(node)),
  ],
  count: [['from', 'store', 'emit'], (node, { from }) => folded(node, from)],
  reduce: [['from', 'store', 'fn', 'emit'], (node, { from }) => folded(node, from)],
  aggregate: [['from', 'store', 'fn', 'emit'], (node, { from }) => folded(node, from)],
  cogroup: [['from', 'store'], (node, { known }) => cogrouped(node, known)],
  suppress: [['from', 'until', 'buffer'], (node, { from }) => suppressed(node, from)],
  toTable: [
    ['from', 'store'],
    (node, { from }) => must(from, 'toTable', 'toTable').toTable(node.id, storeOf(node, ['keyValue', 'versioned'])),
  ],
  foreignKeyJoin: [
    ['from', 'with', 'type', 'foreignKey', 'joiner', 'store'],
    (node, { from, other }) => joinedByForeignKey(node, from, other),
  ],
  deduplicate: [
    ['from', 'by', 'windowMs', 'store'],
    (node, { from }) => {
      const options = { by: keyBy(node.by), id: utf8, within: node.windowMs, ...storeOf(node, ['window']) };
      return must(from, 'deduplicate', 'deduplicate').deduplicate(node.id, options);
    },
  ],
  process: [
    ['from', 'processor', 'store'],
    (node, { from }) => {
      // What a cache holds back goes to the changelog alone: a processor's output does not show it.
      const { cache: _cache, ...store } = storeOf(node, ['keyValue']);
      return must(from, 'process', 'process').process(node.id, processorOf(node.processor, store), {
        key: utf8,
        value,
      });
    },
  ],
  toStream: [['from'], (node, { from }) => must(from, 'toStream', 'toStream').toStream(node.id)],
  join: [
    ['from', 'with', 'type', 'joiner', 'window', 'graceMs', 'globalKey', 'store'],
    (node, { from, other }) => joined(node, from, other),
  ],
  to: [
    ['from', 'topic'],
    (node, { from, sinks }) => {
      const { key } = must(from, 'to', 'to').serdes;
      const sink = sinks.get(node.topic) ?? topic(node.topic, key, value);
      from.to(node.id ?? `to-${node.topic}-${node.from}`, topic(node.topic, key, value));
      sinks.set(node.topic, sink);
    },
  ],
};

/**
 * Builds a scenario's topology with the DSL, keys as text and values as JSON.
 *
 * @returns the topology, and its output topics by name in order of declaration.
 * @throws {UnknownInScenario} when a node's operator, one of its options or a function is not known.
 */
export function buildTopology(nodes) {
  const builder = new TopologyBuilder('scenario');
  const known = new Map();
  const sinks = new Map();
  const find = (id) => {
    if (typeof id !== 'string') return undefined;
    if (!known.has(id)) throw new UnknownInScenario(`the node '${id}' is not declared before it is used`);
    return known.get(id);
  };
  for (const node of nodes) {
    const operator = Object.hasOwn(operators, node.op) ? operators[node.op] : undefined;
    if (operator === undefined) throw new UnknownInScenario(`the operator '${node.op}' is not known`);
    const [fields, make] = operator;
    onlyKnown(node, fields);
    const isByKey = KEYED.has(node.op) && node.globalKey === undefined;
    const of = (id) => (isByKey ? partitionedAgain(find(id)) : find(id));
    const made = make(node, { builder, known, sinks, from: of(node.from), other: of(node.with) });
    if (node.id !== undefined && made !== undefined) known.set(node.id, made);
  }
  return { topology: builder.build(), sinks };
}
