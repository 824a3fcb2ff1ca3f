/**
 * The states of a consumer group of the classic protocol, by the names that DescribeGroups reports.
 *
 * ```text
 * Empty ──join──▶ PreparingRebalance ──all joined──▶ CompletingRebalance ──leader's assignment──▶ Stable
 *   ▲                  │    ▲  ▲                          │                                          │
 *   └──nobody joined───┘    │  └──────join or leave───────┘                                          │
 *                           └────────────────────────join, leave, session expired────────────────────┘
 * ```
 */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

const PREVIOUS: Readonly<Record<GroupState, readonly GroupState[]>> = {
  Empty: ['PreparingRebalance'],
  PreparingRebalance: ['Stable', 'CompletingRebalance', 'Empty'],
  CompletingRebalance: ['PreparingRebalance'],
  Stable: ['CompletingRebalance'],
  Dead: ['Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty', 'Dead'],
};

export function mayMove(from: GroupState, to: GroupState): boolean {
  return PREVIOUS[to].includes(from);
}
