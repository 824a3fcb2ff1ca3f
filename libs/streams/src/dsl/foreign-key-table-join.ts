import { RightChangeNode, SubscriptionNode, type AddressedAnswer } from '../join/foreign-key/answer-nodes.js';
import type { ForeignKeyJoin } from '../join/foreign-key/foreign-key-join.js';
import { ResolveNode } from '../join/foreign-key/resolve-node.js';
import { SubscribeNode } from '../join/foreign-key/subscribe-node.js';
import { answerSerde, subscriptionSerde } from '../join/foreign-key/subscription.js';
import { bytes, json } from '../serde/serdes.js';
import { TableSourceNode } from '../table/table-source-node.js';
import type { GraphNode } from '../topology/specs.js';
import { KTable } from './k-table.js';
import type { ProcessorResolver } from './processor-supplier.js';
import { storeSpec, tableStoreSpec, type TableStoreOptions } from './store-options.js';
import { storedTable } from './table-origin.js';
import { addRepartition } from './topic-nodes.js';

/** A foreign-key join: which row of the other table, and what comes of both. */
export interface ForeignKeyJoinOptions<K, V, FK, W, R> extends TableStoreOptions<R> {
  /** The other table's key that a row names; null for none. */
  readonly foreignKey: (value: V, key: K) => FK | null;
  readonly join: (left: V, right: W, key: K) => R;
}

/**
 * Adds a foreign-key join of two tables. Rows subscribe to the right table through
 * `<applicationId>-<name>-subscription-repartition`, are remembered beside it in the store `<name>-subscriptions`, and are
 * answered through `<applicationId>-<name>-answer-repartition`.
 */
export function joinByForeignKey<K, V, FK, W, R>(
  name: string,
  left: KTable<K, V>,
  right: KTable<FK, W>,
  options: ForeignKeyJoinOptions<K, V, FK, W, R>,
  isLeft: boolean,
  resolve: ProcessorResolver | undefined,
): KTable<K, R> {
  const { graph } = left;
  left.origin.oldValues.want();
  right.origin.oldValues.want();
  const subscriptions = storeSpec({ name: `${name}-subscriptions`, kind: 'subscriptions', key: bytes, value: bytes });
  const join: ForeignKeyJoin = {
    isLeft,
    foreignKey: options.foreignKey as ForeignKeyJoin['foreignKey'],
    join: options.join as ForeignKeyJoin['join'],
    leftKey: left.serdes.key,
    leftValue: left.serdes.value,
    rightKey: right.serdes.key,
    rightValue: right.serdes.value,
    isLeftVersioned: left.origin.isVersioned,
    isRightVersioned: right.origin.isVersioned,
    subscriptionStore: subscriptions.name,
  };
  const processor = (suffix: string, parents: GraphNode[], rest: Pick<GraphNode, 'stores' | 'create'>): GraphNode =>
    graph.add({
      name: `${name}-${suffix}`,
      kind: 'processor',
      parents,
      globalTables: [],
      keepsNullKeys: true,
      ...rest,
    });

  const subscribe = processor('subscribe', [left.node], {
    stores: [],
    create: (environment) => new SubscribeNode(`${name}-subscribe`, join, environment),
  });
  const subscribed = addRepartition(graph, [subscribe], `${name}-subscription`, {
    key: right.serdes.key,
    value: subscriptionSerde,
  });
  const remember = processor('remember', [subscribed], {
    stores: [subscriptions, ...right.origin.stores],
    create: (environment) =>
      new SubscriptionNode(`${name}-remember`, join, right.origin.view(environment), environment),
  });
  const changed = processor('changed', [right.node], {
    stores: [subscriptions],
    create: (environment) => new RightChangeNode(`${name}-changed`, join, environment),
  });
  const answered = addRepartition(graph, [remember, changed], `${name}-answer`, {
    sinkKey: bytes,
    key: left.serdes.key,
    value: answerSerde,
    partitionOf: (_key, answer) => (answer as AddressedAnswer).primaryPartition,
  });
  const resolved = processor('resolve', [answered], {
    stores: left.origin.stores,
    create: (environment) => new ResolveNode(`${name}-resolve`, join, left.origin.view(environment), environment),
  });
  const serdes = { key: left.serdes.key, value: options.value ?? json<R>() };
  const store = tableStoreSpec(serdes, options);
  const node = graph.add({
    name,
    kind: 'processor',
    parents: [resolved],
    stores: [store],
    globalTables: [],
    detail: `${isLeft ? 'left' : 'inner'} foreign-key join`,
    create: (environment) => new TableSourceNode(name, store.name, store.isCached, environment),
  });
  graph.coPartition([subscribed, right.node]);
  graph.coPartition([answered, left.node]);
  return new KTable<K, R>(graph, node, storedTable(store), serdes, resolve);
}
