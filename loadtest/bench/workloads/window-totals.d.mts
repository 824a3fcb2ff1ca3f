export class WindowTotals {
  constructor(shape: { readonly recordsPerWindow: number; readonly totalRecords: number });
  readonly counted: number;
  readonly mistakes: number;
  readonly firstMistake: string | undefined;
  take(user: number, window: number, total: { readonly count: number; readonly sum: number }): number | undefined;
}
