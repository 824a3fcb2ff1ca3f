import { describe, expect, it } from '@jest/globals';
import { SeededRandom, nextInt } from '@millrace/kernel';
import { SortedTexts } from './sorted-texts.js';

describe('SortedTexts', () => {
  it('keeps thousands of texts in order, each once, wherever they are added', () => {
    const random = new SeededRandom(3);
    const given = Array.from({ length: 5_000 }, () => String(nextInt(random, 4_000)));
    const texts = new SortedTexts(given.slice(0, 1_000));
    for (const text of given.slice(1_000)) texts.add(text);
    const expected = [...new Set(given)].sort();

    expect(texts.between('', ':')).toEqual(expected);
    expect(texts.between('2', '3')).toEqual(expected.filter((text) => text >= '2' && text < '3'));
    expect(texts.between('3', '2')).toEqual([]);
  });
});
