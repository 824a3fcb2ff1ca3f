/**
 * The sum of a metric's samples in Prometheus' text format, as an endpoint `/metrics` answers it.
 *
 * @param labels Only samples that have all of these labels. Default: all samples of that name.
 * @returns `undefined` where there is no such sample, which differs from one that is 0.
 */
export function metricSum(
  text: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = text
    .split('\n')
    .map((line) => SAMPLE.exec(line))
    .filter((sample) => sample?.[1] === name && hasLabels(sample[2] ?? '', labels))
    .map((sample) => numberOf(sample![3]!));
  return found.length === 0 ? undefined : found.reduce((sum, each) => sum + each, 0);
}

/** Name, labels, value; a comment begins with `#` and so is none. */
const SAMPLE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const LABEL = /(\w+)="((?:\\.|[^"\\])*)"/g;

function hasLabels(text: string, wanted: Readonly<Record<string, string>>): boolean {
  const labels = new Map([...text.matchAll(LABEL)].map(([, key, value]) => [key!, unescaped(value!)]));
  return Object.entries(wanted).every(([key, value]) => labels.get(key) === value);
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

/** The format says `+Inf` and `-Inf` where JavaScript says `Infinity`. */
function numberOf(text: string): number {
  return Number(text.replace('Inf', 'Infinity'));
}
