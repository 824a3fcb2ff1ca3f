import { SeededRandom, shuffle } from '@millrace/kernel';

const MINUTES_AN_HOUR = 60;

/** When each event reaches the gateway, in whole minutes since the epoch: observations and departures by row of their file. */
export interface ArrivalTimes {
  readonly observationMinutes: Uint32Array;
  readonly departureMinutes: Uint32Array;
}

/** How {@link arrivalOrder} orders. */
export interface ArrivalOrderOptions {
  /** Puts the events of each hour of arrival in a random order. Undefined: the order of arrival. */
  readonly shuffleSeed: number | undefined;
  /** Keeps only the first so many. Undefined: all. */
  readonly limit: number | undefined;
}

/**
 * The order in which all events arrive, as numbers: below the count of observations the row of an observation, above it
 * (less that count) the row of a departure.
 *
 * Events of the same minute stand observations first, then by row. The order is a function of the arguments alone, and a
 * limit cuts it without changing what stands before, so a position in it means the same in every run.
 */
export function arrivalOrder(times: ArrivalTimes, options: ArrivalOrderOptions): Uint32Array {
  const { observationMinutes, departureMinutes } = times;
  const count = observationMinutes.length + departureMinutes.length;
  const minuteOf = (event: number): number =>
    event < observationMinutes.length
      ? (observationMinutes[event] as number)
      : (departureMinutes[event - observationMinutes.length] as number);

  // Minute and event in one number, exact below 2^53: typed arrays sort numbers without calling back.
  const keys = new Float64Array(count);
  for (let event = 0; event < count; event++) keys[event] = minuteOf(event) * count + event;
  keys.sort();
  const order = new Uint32Array(count);
  for (let place = 0; place < count; place++) order[place] = (keys[place] as number) % count;

  if (options.shuffleSeed !== undefined) shuffleHours(order, minuteOf, options.shuffleSeed);
  return options.limit === undefined ? order : order.subarray(0, options.limit);
}

function shuffleHours(order: Uint32Array, minuteOf: (event: number) => number, seed: number): void {
  const random = new SeededRandom(seed);
  const hourAt = (place: number): number => Math.floor(minuteOf(order[place] as number) / MINUTES_AN_HOUR);
  for (let first = 0; first < order.length;) {
    let end = first + 1;
    while (end < order.length && hourAt(end) === hourAt(first)) end++;
    order.set(shuffle(random, [...order.subarray(first, end)]), first);
    first = end;
  }
}
