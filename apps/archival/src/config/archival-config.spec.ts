import { describe, expect, it } from '@jest/globals';
import { FileSystemObjectStore, S3ObjectStore } from '@millrace/archive';
import { readArchivalConfig } from './archival-config.js';

const NEEDED = { MILLRACE_BROKERS: 'broker-1:9092, broker-2:9092', MILLRACE_ARCHIVE_DIR: '/var/lib/millrace' };

describe('the configuration of archival', () => {
  it('needs brokers and a place for objects, and has defaults for the rest', () => {
    const config = readArchivalConfig(NEEDED);

    expect(config).toMatchObject({ brokers: ['broker-1:9092', 'broker-2:9092'], port: 3003, maxAgeMs: 300_000 });
    expect(config.store).toBeInstanceOf(FileSystemObjectStore);
  });

  it('takes a bucket in place of a folder, and how long an object may be open', () => {
    const { MILLRACE_BROKERS } = NEEDED;
    const bucket = { MILLRACE_ARCHIVE_S3_BUCKET: 'flights', MILLRACE_ARCHIVE_S3_REGION: 'us-east-1' };
    const config = readArchivalConfig({ MILLRACE_BROKERS, ...bucket, MILLRACE_ARCHIVE_MAX_AGE_MS: '2000' });

    expect(config.store).toBeInstanceOf(S3ObjectStore);
    expect(config.maxAgeMs).toBe(2_000);
  });

  it('names every problem at once', () => {
    const read = (): unknown => readArchivalConfig({ MILLRACE_ARCHIVE_MAX_AGE_MS: '10' });

    expect(read).toThrow(/MILLRACE_BROKERS is missing/);
    expect(read).toThrow(/MILLRACE_ARCHIVE_MAX_AGE_MS/);
  });
});
