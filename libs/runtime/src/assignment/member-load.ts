import type { PlacementMember } from './placement-member.js';
import type { TaskPlacement } from './task-layout.js';

/** The tasks that a placement has given to a member so far. */
export class MemberLoad {
  readonly tasks = new Set<TaskPlacement>();
  readonly #perSubTopology = new Map<string, number>();

  constructor(readonly member: PlacementMember) {}

  /** How many tasks it has of the sub-topology of a task. */
  of(task: TaskPlacement): number {
    return this.#perSubTopology.get(task.subTopology.key) ?? 0;
  }

  add(task: TaskPlacement): void {
    this.tasks.add(task);
    this.#perSubTopology.set(task.subTopology.key, this.of(task) + 1);
  }

  remove(task: TaskPlacement): void {
    this.tasks.delete(task);
    this.#perSubTopology.set(task.subTopology.key, this.of(task) - 1);
  }
}
