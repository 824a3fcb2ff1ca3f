/** Versions in the notation of Kafka's message definitions: `3+`, `0-12` or `5`. */
export type VersionText = `${number}+` | `${number}-${number}` | `${number}`;

/** An inclusive range of versions. */
export interface VersionRange {
  readonly from: number;
  readonly to: number;
}

/** A range that holds every version. */
export const ALL_VERSIONS: VersionRange = { from: 0, to: Number.POSITIVE_INFINITY };

/** Reads `3+`, `0-12` or `5` as a range. */
export function parseVersions(text: VersionText): VersionRange {
  if (text.endsWith('+')) return { from: Number.parseInt(text, 10), to: Number.POSITIVE_INFINITY };
  const [from, to = from] = text.split('-').map((part) => Number.parseInt(part, 10));
  return { from: from as number, to: to as number };
}

/** Tells whether a range holds a version. */
export function holdsVersion(range: VersionRange, version: number): boolean {
  return version >= range.from && version <= range.to;
}
