/** How a run of tests went, as all runners say it. */
import path from 'node:path';

/** What Jest calls a test that was not run: `it.skip`, and `it.todo`. */
const NOT_RUN = ['pending', 'todo'];

/**
 * Reads Jest's report.
 *
 * @param report The JSON that `--outputFile` has; undefined when Jest left none.
 * @param code Jest's exit code.
 * @param args What Jest was given. Tests that `-t NAME` leaves out were not asked for: they are not skipped.
 * @param root Names of files are told from here.
 * @returns {{ passed: number, failed: number, skipped: string[] }} A spec file that cannot be run counts as one that failed, and so does a run
 *   in which nothing passed. What was skipped is told as `FILE: NAME`.
 */
export function outcomeOf(report, { code, args = [], root = '/' }) {
  const passed = report?.numPassedTests ?? 0;
  const broken = (report?.numFailedTests ?? 0) + (report?.numRuntimeErrorTestSuites ?? 0);
  const isAskedFor = selectionOf(args);
  const skipped = (report?.testResults ?? []).flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status, fullName }) => NOT_RUN.includes(status) && isAskedFor(fullName))
      .map(({ fullName }) => `${path.relative(root, name)}: ${fullName}`),
  );
  return { passed, failed: broken === 0 && (code !== 0 || passed === 0) ? 1 : broken, skipped };
}

/** `12 passed, 0 failed`, with `, 1 skipped` where something was. */
export function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** The last lines of a run: what was skipped, by name, and the closing line. */
export function closingLines({ passed, failed, skipped }) {
  return [...skipped.map((name) => `SKIPPED ${name}`), closingLine({ passed, failed, skipped: skipped.length })];
}

/** Whether Jest was asked for a test of that name. */
function selectionOf(args) {
  const patterns = args.flatMap((arg, at) => {
    const [, given] = /^(?:-t|--testNamePattern)(?:=(.*))?$/s.exec(arg) ?? [null, null];
    return given === null ? [] : [given ?? args[at + 1] ?? ''];
  });
  const pattern = new RegExp(patterns.at(-1) ?? '', 'i');
  return (name) => pattern.test(name);
}
