/**
 * `@millrace/testing/containers`: fixtures of real services in containers, for `*.int-spec.ts`. An entry of its own, so that a spec
 * which needs only Node does not load a container engine's client.
 */
export { containerEngine } from './container/engine.js';
export { OFFICIAL_IMAGES, imageOf, imageVariable, type Service } from './container/images.js';
export { ContainerNetwork } from './container/network.js';
export { ServiceContainer } from './container/service-container.js';
export type { ContainerOptions } from './container/start-container.js';
export { sweepLeftovers, type Swept } from './container/sweep.js';
export { unusedVolumes } from './container/unused-volumes.js';
export { ConnectRest, type ConnectorStatus } from './connect/connect-rest.js';
export { KafkaConnect, startConnect, type ConnectOptions } from './connect/kafka-connect.js';
export { NetworkFaults, NetworkProxy, startNetworkFaults, type FaultDirection } from './faults/network-faults.js';
export { KafkaCluster, startKafka, type KafkaOptions } from './kafka/kafka-cluster.js';
export type { KafkaListener } from './kafka/kafka-listeners.js';
export type { KafkaNode } from './kafka/kafka-node.js';
export type { KafkaUser } from './kafka/kafka-properties.js';
export {
  Postgres,
  startPostgres,
  startPostgresReplica,
  type PostgresOptions,
  type PostgresReplicaOptions,
} from './postgres/postgres.js';
export { RedisServer, startRedis } from './redis/redis.js';
export { SchemaRegistry, startRegistry } from './registry/registry.js';
export { S3Server, startS3 } from './s3/s3.js';
export { CertificateAuthority, type CertificateSubject, type IssuedCertificate } from './tls/certificate-authority.js';
