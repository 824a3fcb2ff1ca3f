/** Judges an export by SQL on the CSV files that it was made from. */
import { Checks } from './checks.mjs';
import { compareExport } from './compare.mjs';
import { computeExpected, EXPORTS, KNOWN_FIGURES } from './expected.mjs';
import { checkManifest } from './manifest.mjs';
import { openDatabase } from './tables.mjs';

/**
 * Compares every row of an export with what SQL says, and checks the manifest.
 *
 * @param {{ exportDir: string, dataDir: string, knownFigures?: boolean }} options `knownFigures`: the data is the year of
 *   `data/`, whose totals are known.
 * @param {(line: string) => void} print
 * @returns {Promise<{ passed: number, failed: number }>}
 */
export async function verifyExports({ exportDir, dataDir, knownFigures = false }, print) {
  const checks = new Checks(print);
  const database = openDatabase();
  try {
    await computeExpected(database, dataDir);
    for (const name of Object.keys(EXPORTS)) {
      await attempt(checks, `${name}.csv`, () => compareExport(database, name, exportDir, checks));
    }
    const enriched = figuresOf(database, 'actual_enriched');
    const expected = figuresOf(database, 'expected_enriched');
    checks.equal('enriched: rows with weather', enriched?.with_weather, expected?.with_weather);
    checks.equal('enriched: rows with an aircraft model', enriched?.with_aircraft_model, expected?.with_aircraft_model);
    await attempt(checks, 'manifest.json', () => checkManifest(exportDir, expected?.rows, checks));
    if (knownFigures) checkKnownFigures(database, expected, checks);
  } finally {
    database.close();
  }
  return { passed: checks.passed, failed: checks.failed };
}

async function attempt(checks, file, check) {
  try {
    await check();
  } catch (cause) {
    checks.that(`${file}: can be read`, false, () => [cause.message]);
  }
}

function figuresOf(database, table) {
  const exists = database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined;
  if (!exists) return undefined;
  return database
    .prepare(
      `SELECT count(*) AS rows,
              count(coalesce(temp, wind_speed)) AS with_weather,
              count(aircraft_model) AS with_aircraft_model
       FROM ${table}`,
    )
    .get();
}

/** Guards the reference itself: the totals of the year are known from elsewhere. */
function checkKnownFigures(database, expected, checks) {
  const hours = database.prepare('SELECT count(*) AS rows FROM expected_airport_hourly').get().rows;
  const computed = {
    enriched: expected.rows,
    airport_hourly: hours,
    with_weather: expected.with_weather,
    with_aircraft_model: expected.with_aircraft_model,
  };
  for (const [name, figure] of Object.entries(KNOWN_FIGURES))
    checks.equal(`the year has ${name}`, computed[name], figure);
}
