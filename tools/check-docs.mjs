/**
 * Keeps the documentation true where a machine can tell: every relative link leads somewhere, every error code, every exit code,
 * every operator and every rule about changes of topologies has its row in the reference and no row is left over, every ADR has a
 * status, every page is on the map, and every code block marked `<!-- from: FILE#ID -->` equals the region `// #region ID` …
 * `// #endregion` of that file. A page of the cookbook shows code of a spec.
 *
 * `--write` takes the code of such blocks from their files.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const problems = [];
const isWriting = process.argv.includes('--write');
const read = (file) => readFile(path.join(root, file), 'utf8');

async function* markdownUnder(folder) {
  for (const entry of await readdir(path.join(root, folder), { withFileTypes: true })) {
    if (['node_modules', 'dist', '.git', '.nx', '.millrace'].includes(entry.name)) continue;
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) yield* markdownUnder(file);
    else if (entry.name.endsWith('.md')) yield file;
  }
}

function checkLinks(file, text) {
  const prose = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`]*`/g, '');
  for (const [, target] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^(https?:|mailto:|#)/.test(target)) continue;
    const wanted = path.join(root, path.dirname(file), target.split('#')[0]);
    if (!existsSync(wanted)) problems.push(`${file}: the link to ${target} leads nowhere`);
  }
}

async function checkIncludes(file, text) {
  let isFromSpec = false;
  let written = text;
  for (const [block, from, id, code] of text.matchAll(/<!-- from: (\S+?)#(\S+) -->\n```\w*\n([\s\S]*?)```/g)) {
    isFromSpec ||= /\.(spec|sim|contract)\.ts$/.test(from);
    const source = existsSync(path.join(root, from)) ? await read(from) : '';
    const region = new RegExp(`// #region ${id}\\n([\\s\\S]*?)[ \\t]*// #endregion`).exec(source)?.[1];
    if (region === undefined) problems.push(`${file}: ${from} has no region ${id}`);
    else if (outdent(region).trim() === code.trim()) continue;
    else if (isWriting)
      written = written.replace(block, () => block.replace(code, () => `${outdent(region).trim()}\n`));
    else
      problems.push(
        `${file}: the code of ${id} differs from ${from}; tools/check-docs.mjs --write takes it from there`,
      );
  }
  if (written !== text) await writeFile(path.join(root, file), written);
  if (file.startsWith('docs/cookbook/') && !isFromSpec) {
    problems.push(`${file}: shows no code of a spec: mark a block with <!-- from: FILE.spec.ts#ID -->`);
  }
}

function outdent(text) {
  const lines = text.split('\n');
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => /^ */.exec(line)[0].length));
  return lines.map((line) => line.slice(indent)).join('\n');
}

/** Compares the codes that a source file declares with the first column of a reference table. */
async function checkTable(sourceFile, sourcePattern, docFile, rowPattern) {
  const declared = new Set([...(await read(sourceFile)).matchAll(sourcePattern)].map((match) => match[1]));
  const described = new Set([...(await read(docFile)).matchAll(rowPattern)].map((match) => match[1]));
  if (declared.size === 0) problems.push(`${sourceFile}: nothing found to compare with ${docFile}`);
  for (const code of declared)
    if (!described.has(code)) problems.push(`${docFile}: ${code} of ${sourceFile} has no row`);
  for (const code of described) if (!declared.has(code)) problems.push(`${docFile}: ${code} is not in ${sourceFile}`);
}

/** The public methods of the DSL's classes that are no operators: what operators themselves are made of. */
const NO_OPERATORS = new Set(['KStream.derived', 'KStream.partitioned']);

/** Compares the methods of the DSL's classes with the rows of the page's section of each. */
async function checkOperators(docFile, classes) {
  const sections = (await read(docFile)).split(/^## /m).slice(1);
  const described = new Set(
    sections.flatMap((section) => {
      const [, name] = /^`(\w+)`/.exec(section) ?? [];
      return name === undefined ? [] : [...section.matchAll(/^\| `(\w+)`/gm)].map((row) => `${name}.${row[1]}`);
    }),
  );
  const declared = new Set();
  for (const [name, file] of Object.entries(classes)) {
    const source = await read(file);
    const from = source.indexOf(`export class ${name}`);
    const body = from < 0 ? '' : source.slice(from, source.indexOf('\n}\n', from));
    const methods = [...body.matchAll(/^ {2}(?:async )?([a-z]\w*)(?:<[^(]*>)?\(/gm)].map(
      (match) => `${name}.${match[1]}`,
    );
    if (methods.length <= 1) problems.push(`${file}: no operators of ${name} found to compare with ${docFile}`);
    for (const method of methods) declared.add(method);
  }
  for (const each of declared) {
    if (each.endsWith('.constructor') || NO_OPERATORS.has(each) || described.has(each)) continue;
    problems.push(`${docFile}: ${each} has no row`);
  }
  for (const each of described) if (!declared.has(each)) problems.push(`${docFile}: ${each} is not in the code`);
}

/** Each page of a folder is linked on the map. */
async function checkMap(mapFile, folders) {
  const map = await read(mapFile);
  for (const folder of folders) {
    for (const name of await readdir(path.join(root, folder))) {
      const link = path.posix.relative(path.posix.dirname(mapFile), path.posix.join(folder, name));
      if (name.endsWith('.md') && !map.includes(`(${link})`)) problems.push(`${mapFile}: ${link} is not on the map`);
    }
  }
}

for await (const file of markdownUnder('.')) {
  const text = await read(file);
  checkLinks(file, text);
  await checkIncludes(file, text);
}
for (const name of await readdir(path.join(root, 'docs/adr'))) {
  if (!/^\d{4}-.*\.md$/.test(name)) continue;
  if (!/^Status: (proposed|accepted|superseded by \[?\d{4})/m.test(await read(`docs/adr/${name}`))) {
    problems.push(`docs/adr/${name}: has no status line`);
  }
}
await checkTable(
  'libs/kernel/src/errors/error-codes.ts',
  /'(MR_[A-Z_]+)'/g,
  'docs/reference/error-codes.md',
  /^\| `(MR_[A-Z_]+)`/gm,
);
await checkTable(
  'apps/standalone/src/cli/exit-codes.ts',
  /^ {2}([a-zA-Z]+): \d+,$/gm,
  'docs/reference/standalone.md',
  /^\| \d+ \| `([a-zA-Z]+)` \|/gm,
);
await checkTable(
  'libs/streams/src/topology/changes/topology-change.ts',
  /^ {2}'([a-z]+(?:-[a-z]+)+)',$/gm,
  'docs/reference/topology-changes.md',
  /^\| `([a-z-]+)` \| (?:compatible|needs-migration|needs-reset) \|/gm,
);

await checkOperators('docs/reference/dsl.md', {
  TopologyBuilder: 'libs/streams/src/dsl/topology-builder.ts',
  KStream: 'libs/streams/src/dsl/k-stream.ts',
  KTable: 'libs/streams/src/dsl/k-table.ts',
  GroupedStream: 'libs/streams/src/dsl/grouped-stream.ts',
  WindowedStream: 'libs/streams/src/dsl/windowed-stream.ts',
  SessionedStream: 'libs/streams/src/dsl/sessioned-stream.ts',
  CogroupedStream: 'libs/streams/src/dsl/cogrouped-stream.ts',
  GroupedTable: 'libs/streams/src/dsl/grouped-table.ts',
});
await checkMap('docs/README.md', ['docs/concepts', 'docs/cookbook', 'docs/reference', 'docs/design']);

for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? 'the documentation agrees with the code' : `${problems.length} problem(s)`);
process.exit(problems.length === 0 ? 0 : 1);
