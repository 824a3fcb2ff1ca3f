export function steadiness(
  samples: readonly { readonly second: number; readonly value: number }[],
  seconds: number,
): { middle: number; last: number; growth: number; slopePerMinute: number };
