/** The predicates, mappers, joiners and folds that scenarios name, as the oracle defines them for Apache Kafka Streams. */

/** A function that a scenario names and this runner does not know: the scenario fails. */
export class UnknownInScenario extends Error {}

const at = (value, field) => (typeof value === 'object' && value !== null ? (value[field] ?? null) : null);

/** A value as text: strings as they are, null as `null`, everything else as JSON. */
const text = (value) => (typeof value === 'string' ? value : JSON.stringify(value ?? null));

function number(value) {
  if (typeof value === 'string') return Number.isFinite(Number.parseFloat(value)) ? Number.parseFloat(value) : 0;
  return typeof value === 'number' ? value : 0;
}

/** `name:argument` in two parts; the argument is undefined where there is none. */
function named(call) {
  const colon = call.indexOf(':');
  return colon < 0 ? [call, undefined] : [call.slice(0, colon), call.slice(colon + 1)];
}

/** The key that `how` gives a record: `identity`, `value` or `field:name`. */
export function keyBy(how = 'identity') {
  const [kind, field] = named(how);
  const ofText = (value) => (value === null ? null : text(value));
  if (how === 'identity') return (_value, key) => key;
  if (how === 'value') return (value) => ofText(value);
  if (kind === 'field') return (value) => ofText(at(value, field));
  throw new UnknownInScenario(`the key '${how}' is not known`);
}

/** The predicate of a filter or branch; a value without the field never holds. */
export function predicate({ field, equals, above, below }) {
  const given = [equals, above, below].filter((each) => each !== undefined);
  if (given.length !== 1) throw new UnknownInScenario(`a predicate needs one of 'equals', 'above' and 'below'`);
  return (value) => {
    const tested = field === undefined ? value : at(value, field);
    if (tested === null) return false;
    if (equals !== undefined) return text(tested) === text(equals);
    return above === undefined ? number(tested) < below : number(tested) > above;
  };
}

/** The function of a mapValues; null stays null. */
export function mapper(call) {
  const [kind, argument] = named(call);
  const mappers = {
    upper: (value) => text(value).toUpperCase(),
    suffix: (value) => `${text(value)}${argument}`,
    field: (value) => at(value, argument),
    plus: (value) => number(value) + Number(argument),
  };
  const map = mappers[kind];
  if (map === undefined) throw new UnknownInScenario(`the function '${call}' is not known`);
  return (value) => (value === null ? null : map(value));
}

/** The function of a flatMapValues; null gives nothing. */
export function flatMapper(call) {
  const [kind, separator] = named(call);
  if (call === 'chars') return (value) => (value === null ? [] : text(value).split(''));
  if (kind === 'split') return (value) => (value === null ? [] : text(value).split(separator));
  throw new UnknownInScenario(`the function '${call}' is not known`);
}

/** How an aggregate grows: `(aggregate or null, value) => aggregate`. */
export function fold(call) {
  const [kind, separator] = named(call);
  const folds = {
    sum: (aggregate, value) => number(aggregate) + number(value),
    max: (aggregate, value) => (aggregate !== null && number(aggregate) >= number(value) ? aggregate : value),
    min: (aggregate, value) => (aggregate !== null && number(aggregate) <= number(value) ? aggregate : value),
    concat: (aggregate, value) => `${aggregate === null ? '' : text(aggregate)}${text(value)}`,
    join: (aggregate, value) => (aggregate === null ? value : `${text(aggregate)}${separator}${text(value)}`),
    list: (aggregate, value) => [...(aggregate ?? []), value],
  };
  const add = folds[kind];
  if (add === undefined) throw new UnknownInScenario(`the fold '${call}' is not known`);
  return add;
}

/** How an aggregate of a table gives a value back: the inverse of {@link fold}. */
export function inverse(call) {
  const inverses = {
    sum: (aggregate, value) => number(aggregate) - number(value),
    concat: (aggregate, value) => text(aggregate).replace(text(value), () => ''),
  };
  const subtract = inverses[call];
  if (subtract === undefined) throw new UnknownInScenario(`the fold '${call}' has no inverse that is known`);
  return subtract;
}

/** The joiner `dash`: `left-right`, an object by its `name`. */
export function joiner(call) {
  if (call !== 'dash') throw new UnknownInScenario(`the joiner '${call}' is not known`);
  const label = (value) => text(typeof value === 'object' && value !== null ? at(value, 'name') : value);
  return (left, right) => `${label(left)}-${label(right)}`;
}
