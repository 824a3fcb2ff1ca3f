import { describe, expect, it } from '@jest/globals';
import { chosenImages, localImages, localVariables } from './images.mjs';

describe('the images of a run', () => {
  it('are those that were built on this machine', () => {
    expect(chosenImages({}, () => true)).toEqual(localImages());
    expect(chosenImages({}, (image) => image.startsWith('millrace/redis'))).toEqual({
      MILLRACE_IMAGE_REDIS: localImages()['MILLRACE_IMAGE_REDIS'],
    });
  });

  it('are all that stands in their file but what compose alone takes', () => {
    expect(Object.keys(localVariables())).toEqual([...Object.keys(localImages()), 'MILLRACE_KAFKA_OPTS']);
    expect(Object.keys(localImages())).toHaveLength(7);
  });

  it('are what the environment names', () => {
    expect(chosenImages({ MILLRACE_IMAGE_KAFKA: 'mine/kafka:1' }, () => true)).not.toHaveProperty(
      'MILLRACE_IMAGE_KAFKA',
    );
  });
});
