import { describe, expect, it } from '@jest/globals';
import { ConfigurationError, ManualClock, RecordError } from '@millrace/kernel';
import { createLogger, type LoggerOptions } from './logger.js';

interface Captured {
  readonly log: ReturnType<typeof createLogger>;
  readonly lines: readonly Record<string, unknown>[];
  readonly text: () => string;
}

function capture(options: Partial<LoggerOptions> = {}): Captured {
  const written: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => {
      written.push(line);
      lines.push(JSON.parse(line) as Record<string, unknown>);
    },
  };
  const clock = new ManualClock(Date.UTC(2013, 0, 1, 10));
  return {
    log: createLogger({ service: 'ingest', destination, clock, ...options }),
    lines,
    text: () => written.join(''),
  };
}

describe('createLogger', () => {
  it('writes one JSON text a line with level, time, service and message', () => {
    const { log, lines } = capture({ version: '1.2.3', environment: 'test' });
    log.info({ topic: 'flights.departures' }, 'ready');
    expect(lines).toEqual([
      {
        level: 'info',
        time: '2013-01-01T10:00:00.000Z',
        service: 'ingest',
        version: '1.2.3',
        environment: 'test',
        topic: 'flights.departures',
        msg: 'ready',
      },
    ]);
  });

  it('writes the fields of Elastic Common Schema when told to', () => {
    const { log, lines } = capture({ format: 'ecs', version: '1.2.3', environment: 'test' });
    const error = new RecordError('MR_RECORD_REJECTED', 'not this one', { place: { topic: 'a', offset: 5 } });
    log.error({ err: error }, 'failed');
    expect(lines[0]).toMatchObject({
      '@timestamp': '2013-01-01T10:00:00.000Z',
      'log.level': 'error',
      'service.name': 'ingest',
      'service.version': '1.2.3',
      'service.environment': 'test',
      message: 'failed',
      error: { type: 'RecordError', message: 'not this one' },
      'error.code': 'MR_RECORD_REJECTED',
      'error.place': { topic: 'a', offset: 5 },
    });
    expect(lines[0]).toHaveProperty(['ecs.version']);
  });

  it('says of an error what it is, where and why', () => {
    const { log, lines } = capture();
    log.error({ err: new RecordError('MR_RECORD_REJECTED', 'not this one', { place: { offset: 5 } }) }, 'failed');
    expect(lines[0]).toMatchObject({
      err: { code: 'MR_RECORD_REJECTED', message: 'not this one', place: { offset: 5 } },
    });
  });

  it.each(['json', 'ecs'] as const)('hides secrets, also deep inside and in HTTP headers (%s)', (format) => {
    const { log, text } = capture({ format, secretFields: ['licence'] });
    const secret = 'S3CR3T';
    log.info({ password: secret, licence: secret, user: { token: secret, more: { secretAccessKey: secret } } }, 'one');
    log.info({ req: { method: 'GET', url: '/', headers: { authorization: secret, cookie: secret } } }, 'two');
    log.child({ apiKey: secret }).info('three');
    expect(text()).not.toContain(secret);
    expect(text()).toContain('[hidden]');
  });

  it('leaves out what is below its level', () => {
    const { log, lines } = capture({ level: 'warn' });
    log.info('not this');
    log.warn('this');
    expect(lines).toHaveLength(1);
  });

  it('refuses a level that there is not', () => {
    expect(() => capture({ level: 'loud' as never })).toThrow(ConfigurationError);
  });
});
