import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { OFFICIAL_IMAGES, imageOf, imageVariable, type Service } from './images.js';

const services = Object.keys(OFFICIAL_IMAGES) as Service[];
const docker = (file: string): Promise<string> =>
  readFile(new URL(`../../../../docker/${file}`, import.meta.url), 'utf8');

describe('the image of a service', () => {
  it('is the official one unless the environment or the fixture names another', () => {
    const variables = { MILLRACE_IMAGE_KAFKA: 'millrace/kafka:4.3.1' };

    expect(imageOf('kafka', undefined, {})).toBe('apache/kafka:4.3.1');
    expect(imageOf('kafka', undefined, { MILLRACE_IMAGE_KAFKA: '' })).toBe('apache/kafka:4.3.1');
    expect(imageOf('kafka', undefined, variables)).toBe('millrace/kafka:4.3.1');
    expect(imageOf('kafka', 'mine/kafka:1', variables)).toBe('mine/kafka:1');
  });

  it.each(services)('of %s has a local name that build-images.sh builds', async (service) => {
    expect(await docker('local-images.env')).toMatch(new RegExp(`^${imageVariable(service)}=millrace/`, 'm'));
    expect(await docker(`images/${service}/Dockerfile`)).toContain('HEALTHCHECK');
  });
});
