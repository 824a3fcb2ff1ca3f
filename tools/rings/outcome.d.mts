/** How many tests passed and failed, and which were skipped, as `FILE: NAME`. */
export interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** The part of Jest's report that is read. */
export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numRuntimeErrorTestSuites: number;
  readonly testResults: readonly {
    /** Path of the file. */
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

export function outcomeOf(
  report: JestReport | undefined,
  run: { readonly code: number | null; readonly args?: readonly string[]; readonly root?: string },
): Outcome;

export function closingLine(counts: {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}): string;

export function closingLines(outcome: Outcome): string[];
