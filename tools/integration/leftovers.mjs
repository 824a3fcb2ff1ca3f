/**
 * What a run has left at the engine, as `container x`, `network y`, `volume z`.
 *
 * @param swept What the sweep at its end has removed: containers and networks.
 * @param volumes The unused volumes `before` the run and `after` it; those that were there before are none of its own.
 */
export function leftovers({ containers, networks }, { before, after }) {
  const earlier = new Set(before);
  return [
    ...containers.map((name) => `container ${name}`),
    ...networks.map((name) => `network ${name}`),
    ...after.filter((name) => !earlier.has(name)).map((name) => `volume ${name}`),
  ];
}
