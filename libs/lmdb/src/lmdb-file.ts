/**
 * LMDB maps its file into memory and trusts it: one that is no file of LMDB, or of another version of it, ends the whole process
 * with a signal. So its beginning is looked at before it is opened.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

/** Where the first page says what it is, after its header of 24 bytes; in the order of bytes of the machine. */
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION_AT = 28;
/** The format of the files of the lmdb package 3. */
const VERSION = 2;
const PAGE_BYTES_AT = 48;
const LEAST_PAGE_BYTES = 256;

/** What a file is: one that is to be made, one that can be opened, or neither. */
export type LmdbFileState = 'new' | 'readable' | 'damaged' | { readonly version: number };

/** Throws as the functions of `node:fs`. */
export function stateOfFile(file: string): LmdbFileState {
  if (!existsSync(file)) return 'new';
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size === 0) return 'new';
    const head = Buffer.alloc(PAGE_BYTES_AT + 4);
    if (readSync(descriptor, head, 0, head.length, 0) < head.length) return 'damaged';
    if (head.readUInt32LE(MAGIC_AT) !== MAGIC) return 'damaged';
    const version = head.readUInt32LE(VERSION_AT);
    if (version !== VERSION) return { version };
    const pageBytes = head.readUInt32LE(PAGE_BYTES_AT);
    // The first two pages say where everything else is.
    return pageBytes >= LEAST_PAGE_BYTES && size >= 2 * pageBytes ? 'readable' : 'damaged';
  } finally {
    closeSync(descriptor);
  }
}
