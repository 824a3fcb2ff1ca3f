export const OPTIONS_OF: Readonly<Record<string, readonly string[]>>;
export function uselessOptions(workload: string, asked: readonly string[]): string | undefined;
export interface RunSettings {
  readonly records: number;
  readonly warmUp: number;
  readonly bytes: number;
  readonly handler: string;
  readonly commitIntervalMs: number;
  readonly rate?: number;
  readonly minutes?: number;
}
export function titleOf(workload: string, settings: RunSettings): string;
