/**
 * The layers of the workspace as constraints of `@nx/enforce-module-boundaries`.
 *
 * Imports go one way: app → binding → runtime and adapters → engine → kernel; drivers know only the kernel; adapters never
 * import adapters; only specs import testkits.
 */
const FRAMEWORK = ['@nestjs/*', '@willsoto/*', 'rxjs'];
const IO = ['pg', 'typeorm', 'ioredis', 'kafkajs', '@aws-sdk/*', '@electric-sql/*', 'fastify', 'lmdb'];

export const layers = [
  {
    sourceTag: 'layer:kernel',
    onlyDependOnLibsWithTags: ['layer:kernel'],
    bannedExternalImports: [...FRAMEWORK, ...IO],
  },
  { sourceTag: 'layer:driver', onlyDependOnLibsWithTags: ['layer:kernel'], bannedExternalImports: FRAMEWORK },
  {
    sourceTag: 'layer:engine',
    onlyDependOnLibsWithTags: ['layer:kernel'],
    bannedExternalImports: [...FRAMEWORK, ...IO],
  },
  {
    sourceTag: 'layer:runtime',
    onlyDependOnLibsWithTags: ['layer:kernel', 'layer:driver', 'layer:engine'],
    bannedExternalImports: FRAMEWORK,
  },
  { sourceTag: 'layer:adapter', onlyDependOnLibsWithTags: ['layer:kernel', 'layer:engine'] },
  {
    sourceTag: 'layer:binding',
    onlyDependOnLibsWithTags: ['layer:kernel', 'layer:driver', 'layer:engine', 'layer:runtime', 'layer:adapter'],
  },
  { sourceTag: 'layer:testkit', notDependOnLibsWithTags: ['layer:app'] },
  { sourceTag: 'layer:app', notDependOnLibsWithTags: ['layer:testkit'] },
];

/** Libraries that must run anywhere, also in a simulation: none of Node's own I/O. */
export const pureLayers = ['libs/kernel', 'libs/protocol', 'libs/streams'];

/** Node's modules that the pure layers must not import. `node:zlib` is allowed: compression touches no device. */
export const ioModules = [
  'fs',
  'fs/promises',
  'net',
  'tls',
  'http',
  'https',
  'http2',
  'dgram',
  'dns',
  'child_process',
  'worker_threads',
  'cluster',
].flatMap((name) => [name, `node:${name}`]);
