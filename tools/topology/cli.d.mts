import type { TopologyDescription } from '@millrace/streams';

export declare const EXIT: Readonly<Record<'compatible' | 'needs-migration' | 'needs-reset' | 'wrongUse', number>>;

/** What a command works on. */
export interface TopologyCommandSurroundings {
  readonly root: string;
  readonly describe: (root: string) => Promise<ReadonlyMap<string, readonly TopologyDescription[]>>;
  readonly print: (line: string) => void;
}

export declare function runTopologyCommand(
  argv: readonly string[],
  surroundings: TopologyCommandSurroundings,
): Promise<number>;
