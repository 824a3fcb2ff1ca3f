/** What a member does for a task: processes it, or only keeps its stores up to date. */
export type TaskRole = 'active' | 'standby';

/** Partitions of tasks by the key of their sub-topology, `<topology>/<sub-topology id>`. */
export type TasksBySubTopology = Readonly<Record<string, readonly number[]>>;

/** What the directory knows of a member. */
export interface DirectoryMember {
  readonly processId: string;
  /** Where its queries are reached; absent where it advertises nothing. */
  readonly advertisedUrl?: string;
  readonly active: TasksBySubTopology;
  readonly standby: TasksBySubTopology;
}

/** Who has which tasks: the leader of the group writes it, every member gets it with its share (`member-share.ts`). */
export interface TaskDirectory {
  readonly members: readonly DirectoryMember[];
}
