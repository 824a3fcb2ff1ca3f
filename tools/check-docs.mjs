/**
 * Keeps the documentation true where a machine can tell: every relative link leads somewhere, every error code and every
 * exit code of the code has its row in the reference and no row is left over, every ADR has a status, and every code block
 * marked `<!-- from: FILE#ID -->` equals the region `// #region ID` … `// #endregion` of that file.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const problems = [];
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
  for (const [, from, id, code] of text.matchAll(/<!-- from: (\S+?)#(\S+) -->\n```\w*\n([\s\S]*?)```/g)) {
    const source = existsSync(path.join(root, from)) ? await read(from) : '';
    const region = new RegExp(`// #region ${id}\\n([\\s\\S]*?)[ \\t]*// #endregion`).exec(source)?.[1];
    if (region === undefined) problems.push(`${file}: ${from} has no region ${id}`);
    else if (outdent(region).trim() !== code.trim()) problems.push(`${file}: the code of ${id} differs from ${from}`);
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

for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? 'the documentation agrees with the code' : `${problems.length} problem(s)`);
process.exit(problems.length === 0 ? 0 : 1);
