/** The least key that is after all keys with a prefix; the prefix has a byte below 255. */
export function endOfPrefix(prefix: Buffer): Buffer {
  let at = prefix.length - 1;
  while (prefix[at] === 255) at--;
  const end = Buffer.from(prefix.subarray(0, at + 1));
  end[at] = (end[at] as number) + 1;
  return end;
}
