/**
 * What the process says when it ends. The table stands in `docs/reference/standalone.md` too; scripts may rely on it.
 *
 * `killed` is not raised here: it is what a shell shows after `kill -9`, from which a later run with the same `--state` goes on.
 */
export const EXIT_CODES = {
  ok: 0,
  usage: 2,
  dataUnreadable: 3,
  startFailed: 4,
  pipelineFailed: 5,
  interrupted: 130,
  killed: 137,
} as const;

/** One of {@link EXIT_CODES}. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** What each exit code means, in the words of `--help`. */
export const EXIT_CODE_MEANINGS: Readonly<Record<keyof typeof EXIT_CODES, string>> = {
  ok: 'done, or left in order after Ctrl-C once everything had been replayed',
  usage: 'an option is wrong or does not fit the state directory; the message names it and the remedy',
  dataUnreadable: 'the data directory is missing, incomplete or unreadable',
  startFailed: 'a part did not start: a port in use, a broker out of reach, a state directory in use',
  pipelineFailed: 'a part failed while it ran, or the results could not be written',
  interrupted: 'interrupted before everything had been replayed; run again with the same --state to go on',
  killed: 'killed; run again with the same --state to go on',
};
