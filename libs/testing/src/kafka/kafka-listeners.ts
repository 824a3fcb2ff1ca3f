/**
 * The ways into a broker of the fixture. Each listener that is advertised to the test has a port of the container of its own, mapped
 * to one of this machine.
 */
export const KAFKA_PORTS = {
  /** For other containers of the network, by name. */
  INTERNAL: 9092,
  CONTROLLER: 9093,
  /** For the test: no encryption, no login. */
  PLAINTEXT: 9094,
  SASL_PLAINTEXT: 9095,
  SSL: 9096,
  SASL_SSL: 9097,
  /** For the test, through a proxy that can fail. */
  PROXIED: 9098,
} as const;

/** A listener that the test can connect to. */
export type KafkaListener = Exclude<keyof typeof KAFKA_PORTS, 'INTERNAL' | 'CONTROLLER'>;

/** The protocol of each listener, for `listener.security.protocol.map`. */
export const KAFKA_PROTOCOLS: Readonly<Record<keyof typeof KAFKA_PORTS, string>> = {
  INTERNAL: 'PLAINTEXT',
  CONTROLLER: 'PLAINTEXT',
  PLAINTEXT: 'PLAINTEXT',
  SASL_PLAINTEXT: 'SASL_PLAINTEXT',
  SSL: 'SSL',
  SASL_SSL: 'SASL_SSL',
  PROXIED: 'PLAINTEXT',
};
