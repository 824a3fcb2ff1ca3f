/** Figures of a round, and whether the contender's answer was right. */
export type Round = Readonly<Record<string, number | boolean>> & { readonly isRight: boolean };
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}
type Ratios = Readonly<Record<string, Readonly<Record<string, Spread>>>>;

export function ratiosOf(results: Readonly<Record<string, readonly Round[]>>, figures: readonly string[]): Ratios;
export function printRatios(results: Readonly<Record<string, readonly Round[]>>, figures: readonly string[]): Ratios;
