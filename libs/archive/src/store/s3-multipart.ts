import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  UploadPartCommand,
  type CompletedPart,
  type ListMultipartUploadsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { archiveChannels } from '../diagnostics/channels.js';
import { s3Status } from './s3-error.js';

/** Where an object is to be. */
export interface ObjectPlace {
  readonly Bucket: string;
  readonly Key: string;
}

/** How {@link putInParts} uploads. */
export interface PartsOptions {
  readonly partBytes: number;
  /** Only where there is no object of that key. */
  readonly ifNoneMatch?: '*';
  readonly signal?: AbortSignal;
}

type Upload = ObjectPlace & { readonly UploadId: string };

/**
 * Uploads an object in parts, one after the other, each with its SHA-256. The object is there with the last call, whole or not at all;
 * the condition is checked then.
 *
 * An upload that fails anywhere is given up and its parts are removed, also where only the last answer was lost and the object is there:
 * whoever puts it again learns that from the condition.
 *
 * @throws what the SDK throws.
 */
export async function putInParts(
  client: S3Client,
  place: ObjectPlace,
  bytes: Uint8Array,
  { partBytes, ifNoneMatch, signal }: PartsOptions,
): Promise<void> {
  const options = signal === undefined ? {} : { abortSignal: signal };
  const begin = new CreateMultipartUploadCommand({ ...place, ChecksumAlgorithm: 'SHA256' });
  const { UploadId } = await client.send(begin, options);
  const upload: Upload = { ...place, UploadId: UploadId! };
  try {
    const parts: CompletedPart[] = [];
    for (let from = 0; from < bytes.byteLength; from += partBytes) {
      const part = bytes.subarray(from, from + partBytes);
      const PartNumber = parts.length + 1;
      const ChecksumSHA256 = createHash('sha256').update(part).digest('base64');
      const command = new UploadPartCommand({
        ...upload,
        PartNumber,
        ChecksumSHA256,
        Body: part,
        ContentLength: part.byteLength,
      });
      const { ETag } = await client.send(command, options);
      parts.push({ PartNumber, ChecksumSHA256, ...(ETag === undefined ? {} : { ETag }) });
    }
    const condition = ifNoneMatch === undefined ? {} : { IfNoneMatch: ifNoneMatch };
    const end = new CompleteMultipartUploadCommand({ ...upload, ...condition, MultipartUpload: { Parts: parts } });
    await client.send(end, options);
  } catch (error) {
    await giveUp(client, upload);
    throw error;
  }
}

/**
 * Gives up every upload under a prefix.
 *
 * @returns how many there were.
 */
export async function discardUploads(
  client: S3Client,
  Bucket: string,
  Prefix: string,
  signal?: AbortSignal,
): Promise<number> {
  const options = signal === undefined ? {} : { abortSignal: signal };
  let discarded = 0;
  let next: Pick<ListMultipartUploadsCommandOutput, 'KeyMarker' | 'UploadIdMarker'> | undefined = {};
  while (next !== undefined) {
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({ Bucket, Prefix, ...next });
    const page: ListMultipartUploadsCommandOutput = await client.send(command, options);
    for (const { Key, UploadId } of page.Uploads ?? []) {
      if (Key === undefined || UploadId === undefined) continue;
      await abort(client, { Bucket, Key, UploadId }, options);
      discarded++;
    }
    next =
      page.IsTruncated === true
        ? { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker }
        : undefined;
  }
  return discarded;
}

/** Not by the caller's signal: it may be what ended the upload. Where this fails too, the next owner discards what is left. */
async function giveUp(client: S3Client, upload: Upload): Promise<void> {
  try {
    await abort(client, upload, {});
  } catch (error) {
    archiveChannels.uploadLeft.publish({ key: upload.Key, error });
  }
}

async function abort(client: S3Client, upload: Upload, options: { readonly abortSignal?: AbortSignal }): Promise<void> {
  try {
    await client.send(new AbortMultipartUploadCommand(upload), options);
  } catch (error) {
    // Nothing is left of it: it was completed, or somebody else has given it up.
    if (s3Status(error) !== 404) throw error;
  }
}
