/** Compares every row of an export with what SQL says, and checks the manifest. */
export function verifyExports(
  options: { readonly exportDir: string; readonly dataDir: string; readonly knownFigures?: boolean },
  print: (line: string) => void,
): Promise<{ passed: number; failed: number }>;
