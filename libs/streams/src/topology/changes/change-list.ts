import {
  CHANGE_CLASSES,
  type ChangeClass,
  type ChangeEvidence,
  type ChangeRule,
  type TopologyChange,
} from './topology-change.js';

type Change = readonly [rule: ChangeRule, place: string, change: string, why: string];

/** What a comparison finds. */
export class ChangeList {
  readonly #changes: TopologyChange[] = [];

  /** The changes, those first that ask for most, else in the order in which they were found. */
  get changes(): readonly TopologyChange[] {
    const rank = (change: TopologyChange): number => CHANGE_CLASSES.indexOf(change.class);
    return this.#changes.toSorted((one, other) => rank(other) - rank(one));
  }

  compatible(...change: Change): void {
    this.#add('compatible', change, undefined, undefined);
  }

  /** Compatible where the cluster shows `unless`, else `otherwise` with a need to reset. */
  compatibleIf(change: Change, unless: ChangeEvidence, otherwise: Change, remedy: string): void {
    this.#add(
      'compatible',
      change,
      undefined,
      undefined,
      changeOf('needs-reset', otherwise, remedy, unless, undefined),
    );
  }

  needsMigration(change: Change, remedy: string, unless?: ChangeEvidence): void {
    this.#add('needs-migration', change, remedy, unless);
  }

  needsReset(change: Change, remedy: string): void {
    this.#add('needs-reset', change, remedy, undefined);
  }

  #add(...change: Parameters<typeof changeOf>): void {
    this.#changes.push(changeOf(...change));
  }
}

function changeOf(
  kind: ChangeClass,
  [rule, place, change, why]: Change,
  remedy: string | undefined,
  unless: ChangeEvidence | undefined,
  otherwise?: TopologyChange,
): TopologyChange {
  return { class: kind, rule, place, change, why, remedy, unless, otherwise };
}
