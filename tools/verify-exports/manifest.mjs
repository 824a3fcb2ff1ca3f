/** Checks the manifest of the archive: every object described, and their offsets tiling each partition. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * @param {string} exportDir
 * @param {number | undefined} enrichedRows How many records the objects must hold together.
 * @param {import('./checks.mjs').Checks} checks
 */
export async function checkManifest(exportDir, enrichedRows, checks) {
  const manifest = JSON.parse(await readFile(path.join(exportDir, 'manifest.json'), 'utf8'));
  const objects = Array.isArray(manifest) ? manifest : (manifest.objects ?? []);
  checks.that('manifest: lists objects', objects.length > 0, () => ['there is none']);

  const incomplete = objects.filter((object) => !isComplete(object));
  checks.that('manifest: every object has its place, records, bytes and sha256', incomplete.length === 0, () =>
    incomplete.slice(0, 3).map((object) => JSON.stringify(object)),
  );
  const names = new Set(objects.map(nameOf));
  checks.equal('manifest: names of objects that differ', names.size, objects.length);
  if (incomplete.length > 0) return;

  const flaws = [...byPartition(objects)].flatMap(([place, tiles]) => tilingFlaws(place, tiles));
  checks.that('manifest: the objects tile the offsets of each partition from 0', flaws.length === 0, () => flaws);
  const records = objects.reduce((sum, object) => sum + object.records, 0);
  checks.equal('manifest: records', records, enrichedRows);
}

const nameOf = (object) => object.object ?? object.key ?? object.path;

function isComplete(object) {
  const whole = ['partition', 'firstOffset', 'lastOffset', 'records', 'bytes'];
  return (
    typeof nameOf(object) === 'string' &&
    typeof object.topic === 'string' &&
    whole.every((field) => Number.isSafeInteger(object[field]) && object[field] >= 0) &&
    /^[0-9a-f]{64}$/.test(object.sha256)
  );
}

function byPartition(objects) {
  const places = new Map();
  for (const object of objects) {
    const place = `${object.topic}-${object.partition}`;
    places.set(place, [...(places.get(place) ?? []), object]);
  }
  return places;
}

function tilingFlaws(place, tiles) {
  const flaws = [];
  let nextOffset = 0;
  for (const { firstOffset, lastOffset, records } of tiles.toSorted(
    (left, right) => left.firstOffset - right.firstOffset,
  )) {
    const range = `${place}: ${firstOffset} to ${lastOffset}`;
    if (firstOffset > nextOffset) flaws.push(`${range}: a gap, ${nextOffset} was to come next`);
    if (firstOffset < nextOffset) flaws.push(`${range}: an overlap, ${nextOffset} was to come next`);
    if (records > lastOffset - firstOffset + 1) flaws.push(`${range}: cannot hold ${records} records`);
    nextOffset = lastOffset + 1;
  }
  return flaws;
}
