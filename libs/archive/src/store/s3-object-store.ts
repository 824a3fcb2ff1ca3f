import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type ListObjectsV2CommandOutput,
} from '@aws-sdk/client-s3';
import { ConfigurationError, toMs, type Duration } from '@millrace/kernel';
import { createHash } from 'node:crypto';
import { checkKey } from './object-key.js';
import type { CallOptions, ObjectStore, PutResult, StoredObject } from './object-store.js';
import { s3Error, s3Status } from './s3-error.js';
import { discardUploads, putInParts } from './s3-multipart.js';

/** Where the bucket is. */
export interface S3ObjectStoreOptions {
  /** Must exist. */
  readonly bucket: string;
  /** Default `us-east-1`. */
  readonly region?: string;
  /** Of a server other than AWS, such as `http://127.0.0.1:7070`; buckets are then part of the path. Default: AWS. */
  readonly endpoint?: string;
  /** Default: where the AWS SDK looks, such as environment and instance role. */
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
  /** Gives up connecting after so long. Default 5 s. */
  readonly connectTimeout?: Duration;
  /** Gives up waiting for an answer after so long. Default 30 s. */
  readonly requestTimeout?: Duration;
  /** Larger objects are uploaded in parts of this size: a call that fails costs one part. At least 5 MiB; default 16 MiB. */
  readonly partBytes?: number;
}

const MIB = 1024 * 1024;
const DEFAULT_PART_BYTES = 16 * MIB;
/** Of S3: all parts but the last are at least so large, and there are at most so many. */
const LEAST_PART_BYTES = 5 * MIB;
const MOST_PARTS = 10_000;

/**
 * An {@link ObjectStore} in a bucket of S3, or of a server that speaks its protocol with conditional writes (`If-None-Match`).
 *
 * Tries nothing twice: that is the caller's policy. The server checks the SHA-256 of what it gets. Needs the rights to get, put and
 * delete objects, to list the bucket and its uploads, and to abort uploads.
 */
export class S3ObjectStore implements ObjectStore {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #partBytes: number;

  /** @throws {ConfigurationError} (stop-app) when `partBytes` is too small. */
  constructor(options: S3ObjectStoreOptions) {
    const { partBytes = DEFAULT_PART_BYTES } = options;
    if (!Number.isSafeInteger(partBytes) || partBytes < LEAST_PART_BYTES) {
      const problem = `partBytes: ${partBytes} is not a whole number from ${LEAST_PART_BYTES} on, as S3 wants it`;
      throw new ConfigurationError(`the object store in the bucket '${options.bucket}'`, [problem]);
    }
    this.#bucket = options.bucket;
    this.#partBytes = partBytes;
    this.#client = new S3Client({
      region: options.region ?? 'us-east-1',
      maxAttempts: 1,
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint, forcePathStyle: true }),
      ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
      requestHandler: {
        connectionTimeout: toMs(options.connectTimeout ?? '5s'),
        requestTimeout: toMs(options.requestTimeout ?? '30s'),
        // Without it the SDK only logs that the time is over, and waits on.
        throwOnRequestTimeout: true,
      },
    });
  }

  async put(
    key: string,
    bytes: Uint8Array,
    { ifNoneMatch, signal }: CallOptions & { readonly ifNoneMatch?: '*' } = {},
  ): Promise<PutResult> {
    const condition = ifNoneMatch === undefined ? {} : { ifNoneMatch };
    try {
      if (bytes.byteLength <= this.#partBytes) await this.#putWhole(key, bytes, { ...condition, signal });
      else await this.#putInParts(key, bytes, { ...condition, signal });
      return 'created';
    } catch (error) {
      if (ifNoneMatch !== undefined && s3Status(error) === 412) return 'exists';
      throw s3Error(error, this.#bucket, key);
    }
  }

  async get(key: string, { signal }: CallOptions = {}): Promise<Uint8Array | undefined> {
    return this.#unlessMissing(key, async () => {
      const { Body } = await this.#client.send(new GetObjectCommand(this.#place(key)), sendOptions(signal));
      return Body?.transformToByteArray();
    });
  }

  async head(key: string, { signal }: CallOptions = {}): Promise<StoredObject | undefined> {
    return this.#unlessMissing(key, async () => {
      const { ContentLength } = await this.#client.send(new HeadObjectCommand(this.#place(key)), sendOptions(signal));
      return { key, bytes: ContentLength ?? 0 };
    });
  }

  async list(prefix: string, { signal }: CallOptions = {}): Promise<readonly StoredObject[]> {
    const found: StoredObject[] = [];
    let next: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: prefix,
        ...(next === undefined ? {} : { ContinuationToken: next }),
      });
      const page = await this.#listPage(command, prefix, signal);
      for (const { Key, Size } of page.Contents ?? [])
        if (Key !== undefined) found.push({ key: Key, bytes: Size ?? 0 });
      next = page.NextContinuationToken;
    } while (next !== undefined);
    return found.sort((left, right) => (left.key < right.key ? -1 : 1));
  }

  async delete(key: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#unlessMissing(key, () =>
      this.#client.send(new DeleteObjectCommand(this.#place(key)), sendOptions(signal)),
    );
  }

  async discardUnfinished(prefix: string, { signal }: CallOptions = {}): Promise<number> {
    try {
      return await discardUploads(this.#client, this.#bucket, prefix, signal);
    } catch (error) {
      throw s3Error(error, this.#bucket, prefix);
    }
  }

  /** Ends idle connections. */
  close(): void {
    this.#client.destroy();
  }

  async #putWhole(key: string, bytes: Uint8Array, { ifNoneMatch, signal }: PutOptions): Promise<void> {
    const command = new PutObjectCommand({
      ...this.#place(key),
      Body: bytes,
      ContentLength: bytes.byteLength,
      ChecksumSHA256: createHash('sha256').update(bytes).digest('base64'),
      ...(ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch }),
    });
    await this.#client.send(command, sendOptions(signal));
  }

  async #putInParts(key: string, bytes: Uint8Array, { ifNoneMatch, signal }: PutOptions): Promise<void> {
    await putInParts(this.#client, this.#place(key), bytes, {
      partBytes: Math.max(this.#partBytes, Math.ceil(bytes.byteLength / MOST_PARTS)),
      ...(ifNoneMatch === undefined ? {} : { ifNoneMatch }),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  #place(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: checkKey(key) };
  }

  async #listPage(
    command: ListObjectsV2Command,
    prefix: string,
    signal: AbortSignal | undefined,
  ): Promise<ListObjectsV2CommandOutput> {
    try {
      return await this.#client.send(command, sendOptions(signal));
    } catch (error) {
      throw s3Error(error, this.#bucket, prefix);
    }
  }

  async #unlessMissing<T>(key: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      const name = (error as Error).name;
      if (name === 'NoSuchKey' || name === 'NotFound') return undefined;
      throw s3Error(error, this.#bucket, key);
    }
  }
}

/** What a put is told, whatever way it goes. */
interface PutOptions {
  readonly ifNoneMatch?: '*';
  readonly signal: AbortSignal | undefined;
}

function sendOptions(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
