/** What a broker knows a producer by; batches carry it, so that repetitions and zombies are recognised. */
export interface ProducerIdentity {
  readonly producerId: number;
  /** Term of the producer: greater with each re-initialisation. */
  readonly epoch: number;
}

/** Greatest epoch that fits in the int16 on the wire. */
export const MAX_EPOCH = 0x7fff;
