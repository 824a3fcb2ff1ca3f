/** Names of fields whose values never reach a log. */
export const SECRET_FIELDS: readonly string[] = [
  'password',
  'passphrase',
  'secret',
  'token',
  'accessToken',
  'refreshToken',
  'apiKey',
  'authorization',
  'cookie',
  'privateKey',
  'secretAccessKey',
  'sessionToken',
  'connectionString',
];

/** How deep in a logged object secrets are looked for; each level costs time for each line. */
const DEPTH = 3;

/** The paths of all secret fields, as pino's `redact` wants them, and those of HTTP headers with a dash in their name. */
export function redactedPaths(more: readonly string[] = []): string[] {
  const names = [...SECRET_FIELDS, ...more];
  const prefixes = Array.from({ length: DEPTH }, (_, depth) => '*.'.repeat(depth));
  return [
    ...prefixes.flatMap((prefix) => names.map((name) => `${prefix}${name}`)),
    'req.headers.authorization',
    'req.headers.cookie',
    'req.headers["x-api-key"]',
    'res.headers["set-cookie"]',
  ];
}
