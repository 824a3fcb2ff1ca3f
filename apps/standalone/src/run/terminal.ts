/** Where a run shows what it does. */
export interface Terminal {
  /** Standard output: the summary, and nothing else that a program would have to skip. */
  readonly out: (text: string) => void;
  /** Standard error: progress, addresses, problems. */
  readonly err: (text: string) => void;
  /** Standard error as a terminal with a cursor; undefined where it goes to a file or a pipe. */
  readonly screen: NodeJS.WritableStream | undefined;
}
