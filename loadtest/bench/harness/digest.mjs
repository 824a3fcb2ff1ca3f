import { crc32c } from '@node-rs/crc32';

/** A count and a checksum of records that does not depend on their order, but notices one that is lost, doubled or changed. */
export class Digest {
  count = 0;
  #sum = 0;

  add(key, value) {
    this.count++;
    this.#sum = (this.#sum + crc32c(value, crc32c(key))) % Number.MAX_SAFE_INTEGER;
  }

  toString() {
    return `${this.count} records, ${this.#sum.toString(16)}`;
  }
}
