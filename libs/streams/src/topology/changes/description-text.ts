import { ConfigurationError } from '@millrace/kernel';
import { DESCRIPTION_FORMAT, DESCRIPTION_VERSION, type TopologyDescription } from './topology-description.js';

/**
 * A description as JSON: the keys of every object in order, two spaces, a newline at the end. Equal descriptions give equal
 * bytes, so a lock file changes only when the topology does.
 */
export function writeDescription(description: TopologyDescription): string {
  return `${JSON.stringify(description, null, 2)}\n`;
}

/**
 * Reads what {@link writeDescription} wrote.
 *
 * @param place Names where the text is from.
 * @throws {ConfigurationError} (stop-app) when it is something else, or was written by a newer version.
 */
export function readDescription(text: string, place: string): TopologyDescription {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    throw refusal(place, 'it is not JSON');
  }
  const { format, version, topology, subTopologies, globalTables } = (read ?? {}) as Partial<TopologyDescription>;
  if (format !== DESCRIPTION_FORMAT) throw refusal(place, `its format is not '${DESCRIPTION_FORMAT}'`);
  if ((version as unknown) !== DESCRIPTION_VERSION) {
    throw refusal(place, `its version is ${String(version)}, and this release reads ${DESCRIPTION_VERSION}`);
  }
  const isWhole =
    typeof topology === 'string' &&
    Array.isArray(globalTables) &&
    Array.isArray(subTopologies) &&
    subTopologies.every((sub: Partial<Record<string, unknown>> | null) =>
      ['sources', 'operators', 'sinks', 'stores', 'coPartitioned'].every((part) => Array.isArray(sub?.[part])),
    );
  if (!isWhole) throw refusal(place, 'it lacks some of its parts');
  return read as TopologyDescription;
}

function refusal(place: string, why: string): ConfigurationError {
  return new ConfigurationError(`the topology description in ${place}`, [
    `${why}: use the release that wrote it, or write it again; a lock file with \`npm run topology -- write\``,
  ]);
}
