import { isDeepStrictEqual } from 'node:util';

/** Whether a record is what a step expects; headers count only where they are given. */
function matches(expected, actual) {
  const { headers, ...record } = expected;
  const { headers: actualHeaders, ...actualRecord } = actual;
  if (!isDeepStrictEqual({ window: null, ...record }, { window: null, ...actualRecord })) return false;
  return headers === undefined || isDeepStrictEqual(headers, actualHeaders);
}

const inOrder = (expected, actual) =>
  expected.length === actual.length && expected.every((each, index) => matches(each, actual[index]));

function asSet(expected, actual) {
  const left = [...actual];
  for (const each of expected) {
    const found = left.findIndex((one) => matches(each, one));
    if (found < 0) return false;
    left.splice(found, 1);
  }
  return left.length === 0;
}

function perKey(expected, actual) {
  const group = (records) =>
    Map.groupBy(records, ({ topic, key, window }) => JSON.stringify([topic, key, window ?? null]));
  const wanted = group(expected);
  const found = group(actual);
  return wanted.size === found.size && [...wanted].every(([key, each]) => inOrder(each, found.get(key) ?? []));
}

const orders = { exact: inOrder, perKey, set: asSet };

/** Compares one step's records in the scenario's order: `exact`, `perKey` or `set`. */
export function sameRecords(order, expected, actual) {
  const compare = orders[order];
  if (compare === undefined) throw new Error(`the order '${order}' is not known: use exact, perKey or set`);
  return compare(expected, actual);
}
