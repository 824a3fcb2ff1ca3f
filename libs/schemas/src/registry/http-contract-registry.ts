import {
  ConfigurationError,
  FatalError,
  TransientError,
  toMs,
  type Duration,
  type MillraceError,
} from '@millrace/kernel';
import type { ComparableSchema } from '../compatibility/compatibility.js';
import type { ContractFormat } from '../contract/contract.js';
import type { ContractRegistry, RegisteredSchema } from './contract-registry.js';
import { canonicalText } from './schema-id.js';

/** How to reach a registry. */
export interface HttpContractRegistryOptions {
  /**
   * The base of `/subjects` and `/schemas`, such as `http://registry:8081`, or `http://registry:8080/apis/ccompat/v7` of Apicurio. Credentials
   * in it (`https://user:password@…`, percent-encoded where needed) are sent as HTTP's `Basic` (RFC 7617), and are in no error.
   */
  readonly url: string;
  /** Gives up a request after so long. Default 5 s. */
  readonly requestTimeout?: Duration;
}

/** A schema as the registry's answers hold it. */
interface SchemaAnswer {
  readonly id: number;
  readonly subject: string;
  readonly version: number;
  readonly schema: string;
  readonly schemaType?: string;
}

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';
/** Avro is what the API leaves out. */
const TYPES: Readonly<Record<ContractFormat, string>> = { avro: 'AVRO', 'json-schema': 'JSON' };

/**
 * A registry that speaks the API of Confluent's Schema Registry, as Confluent's, Apicurio's and Karapace do.
 *
 * A schema never changes under its id, nor under its subject and version: so what was learned once is never asked again, and goes on
 * working while the registry is away. Failures are not kept: the next call asks again. Tries nothing twice: that is the caller's policy.
 *
 * Every call may throw {@link TransientError} (retry) `MR_DEPENDENCY_UNAVAILABLE` or `MR_DEPENDENCY_TIMEOUT` when the registry is out of
 * reach, slow or fails, and {@link FatalError} (stop-app) `MR_CONFIG_INVALID` when it refuses the caller.
 *
 * @see https://docs.confluent.io/platform/current/schema-registry/develop/api.html
 */
export class HttpContractRegistry implements ContractRegistry {
  /** Without credentials: `fetch` takes none in a URL, and quotes it in its error. */
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeoutMs: number;
  readonly #byId = new Map<number, RegisteredSchema>();
  readonly #bySubject = new Map<string, RegisteredSchema>();

  /** @throws {ConfigurationError} (stop-app) when the URL is none, or its credentials are not percent-encoded. */
  constructor({ url, requestTimeout = '5s' }: HttpContractRegistryOptions) {
    const parsed = URL.parse(url);
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw new ConfigurationError('the schema registry', ['url: must begin with http:// or https://']);
    }
    this.#headers = { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE, ...loginOf(parsed) };
    parsed.username = '';
    parsed.password = '';
    this.#url = parsed.href.replace(/\/+$/, '');
    this.#timeoutMs = toMs(requestTimeout);
  }

  async register(subject: string, { format, schema }: ComparableSchema): Promise<RegisteredSchema> {
    const text = canonicalText(schema);
    const key = `${subject}\n${format}\n${text}`;
    const known = this.#bySubject.get(key);
    if (known !== undefined) return known;
    const body = { schema: text, ...(format === 'avro' ? {} : { schemaType: TYPES[format] }) };
    const at = `/subjects/${encodeURIComponent(subject)}`;
    await this.#call(`${at}/versions`, subject, body);
    // The answer to registering says only the id; looking it up in its subject says all.
    const found = (await this.#call(at, subject, body)) as SchemaAnswer;
    const registered = { id: found.id, subject, version: found.version, format, schema };
    this.#bySubject.set(key, registered);
    this.#byId.set(registered.id, registered);
    return registered;
  }

  async schemaById(id: number): Promise<RegisteredSchema | undefined> {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const found = (await this.#call(`/schemas/ids/${id}`, `id ${id}`)) as SchemaAnswer | undefined;
    if (found === undefined) return undefined;
    const places = (await this.#call(`/schemas/ids/${id}/versions`, `id ${id}`)) as SchemaAnswer[] | undefined;
    const [place] = places ?? [];
    if (place === undefined) return undefined;
    return this.#learned({ ...found, id, subject: place.subject, version: place.version });
  }

  async versionsOf(subject: string): Promise<readonly RegisteredSchema[]> {
    const at = `/subjects/${encodeURIComponent(subject)}/versions`;
    const versions = ((await this.#call(at, subject)) ?? []) as number[];
    const found: RegisteredSchema[] = [];
    for (const version of versions.sort((left, right) => left - right)) {
      found.push(this.#learned((await this.#call(`${at}/${version}`, subject)) as SchemaAnswer));
    }
    return found;
  }

  #learned({ id, subject, version, schema, schemaType = 'AVRO' }: SchemaAnswer): RegisteredSchema {
    const format = (Object.keys(TYPES) as ContractFormat[]).find((each) => TYPES[each] === schemaType);
    if (format === undefined) {
      throw new FatalError(
        'MR_CONFIG_INVALID',
        `the schema ${id} of '${subject}' is ${schemaType}: this reads ${Object.values(TYPES).join(' and ')}`,
      );
    }
    const registered = { id, subject, version, format, schema: JSON.parse(schema) as object };
    this.#byId.set(id, registered);
    return registered;
  }

  /** The answer, or `undefined` where there is nothing (404). */
  async #call(path: string, what: string, body?: object): Promise<unknown> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#url}${path}`, {
        signal: AbortSignal.timeout(this.#timeoutMs),
        headers: this.#headers,
        ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      });
      text = await response.text();
    } catch (cause) {
      throw this.#unreachable(what, cause);
    }
    if (response.ok) return this.#parsed(text, response.status, what);
    if (response.status === 404 && body === undefined) return undefined;
    throw this.#refused(response.status, what, reasonOf(text));
  }

  #unreachable(what: string, cause: unknown): MillraceError {
    const isLate = (cause as Error | undefined)?.name === 'TimeoutError';
    const problem = isLate ? `gave no answer within ${this.#timeoutMs} ms` : 'is out of reach';
    const message = `the schema registry ${this.#place} ${problem}, asked for '${what}': what was learned before goes on working`;
    return new TransientError(isLate ? 'MR_DEPENDENCY_TIMEOUT' : 'MR_DEPENDENCY_UNAVAILABLE', message, { cause });
  }

  #refused(status: number, what: string, reason: string): MillraceError {
    const message = `the schema registry ${this.#place} answered ${status}, asked for '${what}': ${reason}`;
    if (status === 409 || status === 422) return new ConfigurationError(`the schema of '${what}'`, [reason]);
    if (status >= 500 || status === 408 || status === 429)
      return new TransientError('MR_DEPENDENCY_UNAVAILABLE', message);
    return new FatalError('MR_CONFIG_INVALID', `${message}: check its URL and the rights of this app`);
  }

  /** The parser's own error would quote the answer. */
  #parsed(text: string, status: number, what: string): unknown {
    try {
      return JSON.parse(text) as unknown;
    } catch {
      throw this.#refused(status, what, 'what came is no JSON');
    }
  }

  get #place(): string {
    return new URL(this.#url).host;
  }
}

/** The header that shows who asks, where the URL tells it. */
function loginOf({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  try {
    const login = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
  } catch {
    throw new ConfigurationError('the schema registry', [
      'url: its credentials are not percent-encoded (a % is written as %25)',
    ]);
  }
}

function reasonOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // What stands before a registry answers in its own words, which need not be JSON.
  }
  return 'no reason was given';
}
