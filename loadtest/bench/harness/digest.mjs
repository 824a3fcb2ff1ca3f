import { crc32c } from '@node-rs/crc32';

/** With a checksum of 32 bits more, a sum is still an exact number. */
const MODULUS = 2 ** 52;

/** A count and a checksum of records that does not depend on their order, but notices one that is lost, doubled or changed. */
export class Digest {
  count = 0;
  #sum = 0;

  add(key, value) {
    this.count++;
    this.#sum = (this.#sum + crc32c(value, crc32c(key))) % MODULUS;
  }

  toString() {
    return `${this.count} records, ${this.#sum.toString(16)}`;
  }
}
