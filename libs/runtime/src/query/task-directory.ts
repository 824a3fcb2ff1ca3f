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

/** Who has which tasks: the leader of the group writes it, every member gets it with its assignment. */
export interface TaskDirectory {
  readonly members: readonly DirectoryMember[];
}

/** What the leader sends a member beside its partitions (`userData` of the assignment). */
export interface AssignmentData {
  readonly directory: TaskDirectory;
}

const VERSION = 1;

/** Encodes assignment data: a version byte, then JSON, to which later versions may add. */
export function encodeAssignmentData(data: AssignmentData): Buffer {
  return Buffer.concat([Buffer.of(VERSION), Buffer.from(JSON.stringify(data), 'utf8')]);
}

/**
 * Decodes what {@link encodeAssignmentData} wrote. Bytes that are absent or of another version, as leaders of other releases send
 * them during an upgrade, give `undefined`: tasks run without them, and queries find only what is in their own process.
 */
export function decodeAssignmentData(bytes: Buffer | null): AssignmentData | undefined {
  return bytes?.[0] === VERSION ? (JSON.parse(bytes.toString('utf8', 1)) as AssignmentData) : undefined;
}
