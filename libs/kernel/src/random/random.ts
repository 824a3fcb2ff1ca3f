/** The only source of randomness, so that a simulation can be replayed from its seed. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
}

/** Randomness of the machine; not for secrets. */
export class SystemRandom implements Random {
  next(): number {
    return Math.random();
  }
}

/** A repeatable sequence from a 32-bit seed (mulberry32). */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }
}

/** A whole number in [0, bound). */
export function nextInt(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

/** Shuffles in place (Fisher-Yates) and returns the same array. */
export function shuffle<T>(random: Random, items: T[]): T[] {
  for (let last = items.length - 1; last > 0; last--) {
    const other = nextInt(random, last + 1);
    const held = items[last] as T;
    items[last] = items[other] as T;
    items[other] = held;
  }
  return items;
}
