import { describe, expect, it } from '@jest/globals';
import { ConfigurationError } from '@millrace/kernel';
import { ResiliencePolicies } from './policies.js';

describe('ResiliencePolicies', () => {
  const policies = new ResiliencePolicies({ postgres: { timeout: '5s' }, 'object-store': { retry: { attempts: 3 } } });

  it('gives each policy by its name, always the same one', () => {
    expect(policies.get('postgres').name).toBe('postgres');
    expect(policies.get('postgres')).toBe(policies.get('postgres'));
    expect(policies.names).toEqual(['postgres', 'object-store']);
    expect(policies.has('redis')).toBe(false);
  });

  it('lists the known names when asked for another', () => {
    expect(() => policies.get('redis')).toThrow(ConfigurationError);
    expect(() => policies.get('redis')).toThrow("'redis' is not configured: there are 'postgres', 'object-store'");
    expect(() => new ResiliencePolicies({}).get('redis')).toThrow("'redis' is not configured: none is configured");
  });

  it('reports what is wrong with all of them at once', () => {
    const create = (): ResiliencePolicies =>
      new ResiliencePolicies({ a: { timeout: 0 }, b: { retry: { attempts: 0 } } });
    expect(create).toThrow(/a\.timeout is 0[^]*b\.retry\.attempts is 0/);
  });
});
