/**
 * What a change of a topology asks for, least first.
 *
 * - `compatible`: deploy it, process by process if you like.
 * - `needs-migration`: something that stands under an old name would be left behind: state, or records nobody has read.
 * - `needs-reset`: something that stands would be misread: results would be wrong until it is deleted.
 */
export const CHANGE_CLASSES = ['compatible', 'needs-migration', 'needs-reset'] as const;

/** One of {@link CHANGE_CLASSES}. */
export type ChangeClass = (typeof CHANGE_CLASSES)[number];

/** Every kind of change that is told apart; `docs/reference/topology-changes.md` has a row for each. */
export const CHANGE_RULES = [
  'topology-added',
  'topology-removed',
  'tasks-renumbered',
  'co-partitioning-changed',
  'source-added',
  'source-added-to-state',
  'source-removed',
  'source-kind-changed',
  'source-serde-changed',
  'repartition-added',
  'repartition-removed',
  'repartition-serde-changed',
  'retry-topic-added',
  'retry-topic-removed',
  'retry-delay-changed',
  'store-added',
  'store-removed',
  'store-returned',
  'store-kind-changed',
  'store-key-changed',
  'store-value-changed',
  'store-windows-changed',
  'store-retention-shortened',
  'store-retention-lengthened',
  'store-changelog-added',
  'store-changelog-removed',
  'store-source-changed',
  'store-partitioning-changed',
  'store-input-renamed',
  'store-operator-renamed',
  'store-moved',
  'operator-added',
  'operator-removed',
  'operator-changed',
  'sink-changed',
  'global-table-changed',
  'idle-advance-changed',
] as const;

/** One of {@link CHANGE_RULES}. */
export type ChangeRule = (typeof CHANGE_RULES)[number];

/** What the cluster can show that makes a change harmless after all. */
export interface ChangeEvidence {
  /** By the names of the description: internal ones begin with `<applicationId>-`. */
  readonly topics: readonly string[];
  /** `empty`: they hold no record. `drained`: the application has read all that they hold. A missing topic is both. */
  readonly are: 'empty' | 'drained';
}

/** One difference between two versions of an application's topologies. */
export interface TopologyChange {
  readonly class: ChangeClass;
  readonly rule: ChangeRule;
  /** What changed, such as `store orders-per-hour`: also what accepts the change by name. */
  readonly place: string;
  /** What the difference is. */
  readonly change: string;
  /** What comes of it. */
  readonly why: string;
  /** What to do first; undefined where nothing is to be done. */
  readonly remedy: string | undefined;
  /** What makes it compatible, where the cluster can tell. */
  readonly unless: ChangeEvidence | undefined;
  /** What it is in truth, unless the cluster shows the {@link unless} of that: such as a new store whose changelog is there already. */
  readonly otherwise: TopologyChange | undefined;
}

/** The class of all changes together: the greatest; `compatible` where there is none. */
export function classOf(changes: readonly TopologyChange[]): ChangeClass {
  const rank = Math.max(0, ...changes.map((each) => CHANGE_CLASSES.indexOf(each.class)));
  return CHANGE_CLASSES[rank] as ChangeClass;
}

/** A change in one line: `needs-reset: store totals: …`. */
export function changeText({ class: kind, place, change, why, remedy }: TopologyChange): string {
  return `${kind}: ${place}: ${change}; ${why}${remedy === undefined ? '' : `. ${remedy}`}`;
}
