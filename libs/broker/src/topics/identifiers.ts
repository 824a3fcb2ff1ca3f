import { nextInt, type Random } from '@millrace/kernel';

/** A random UUID (version 4) as 32 hexadecimal digits. */
export function randomUuid(random: Random): string {
  const words = Array.from({ length: 4 }, () => nextInt(random, 0x1_0000_0000).toString(16).padStart(8, '0'));
  const digits = words.join('');
  const variant = '89ab'[nextInt(random, 4)] as string;
  return `${digits.slice(0, 12)}4${digits.slice(13, 16)}${variant}${digits.slice(17)}`;
}

/** The same UUID in the form with dashes, as it stands in member ids. */
export function dashed(uuid: string): string {
  return [uuid.slice(0, 8), uuid.slice(8, 12), uuid.slice(12, 16), uuid.slice(16, 20), uuid.slice(20)].join('-');
}
