/** IATA code of an airline. */
export const CARRIER = { type: 'string', pattern: '^[A-Z0-9]{2}$' } as const;

/** FAA code of an airport. */
export const AIRPORT = { type: 'string', pattern: '^[A-Z0-9]{3}$' } as const;

/** Registration of an aircraft. */
export const TAIL_NUMBER = { type: 'string', pattern: '^[A-Z0-9-]{1,10}$' } as const;

/** Registration of an aircraft, where it is known. */
export const TAIL_NUMBER_OR_NULL = { type: ['string', 'null'], pattern: '^[A-Z0-9-]{1,10}$' } as const;

/** A delay; the bounds (69 days) keep sums of them far from where numbers lose precision. */
export const DELAY_MINUTES = { type: ['integer', 'null'], minimum: -100_000, maximum: 100_000 } as const;

/** A name for people. */
export const NAME = { type: 'string', minLength: 1, maxLength: 200 } as const;

/** A count of events. */
export const COUNT = { type: 'integer', minimum: 0 } as const;
