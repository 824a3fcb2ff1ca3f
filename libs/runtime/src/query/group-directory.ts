import type { DirectoryMember, TaskDirectory, TaskRole } from './task-directory.js';

interface Told {
  readonly generationId: number;
  readonly directory: TaskDirectory;
}

/**
 * The newest {@link TaskDirectory} that any thread of this process was given. It is as old as the last rebalance: who asks the
 * member that it names may be told that the task has moved on.
 */
export class GroupDirectory {
  readonly #byThread = new Map<string, Told>();
  #newest: Told | undefined;

  /** A thread was given its assignment; without a directory by a leader that writes none. */
  take(thread: string, generationId: number, directory: TaskDirectory | undefined): void {
    if (directory === undefined) this.#byThread.delete(thread);
    else this.#byThread.set(thread, { generationId, directory });
    // By thread, as a group that was begun anew counts its generations from the start.
    this.#newest = undefined;
    for (const told of this.#byThread.values()) {
      if (this.#newest === undefined || told.generationId > this.#newest.generationId) this.#newest = told;
    }
  }

  /** The members that have a task in a role: one at most where it is active, none while the task moves. */
  membersWith(role: TaskRole, subTopology: string, partition: number): readonly DirectoryMember[] {
    const members = this.#newest?.directory.members ?? [];
    return members.filter((member) => member[role][subTopology]?.includes(partition) === true);
  }
}
