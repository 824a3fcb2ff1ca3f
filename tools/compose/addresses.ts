/** Where docker/compose.yml publishes its services on this machine. */
export const ADDRESSES = {
  brokers: ['127.0.0.1:19091', '127.0.0.1:19092', '127.0.0.1:19093'],
  /** Of each broker. */
  metrics: ['http://127.0.0.1:19401/metrics', 'http://127.0.0.1:19402/metrics', 'http://127.0.0.1:19403/metrics'],
  ingest: 'http://127.0.0.1:13000',
  registry: 'http://127.0.0.1:18080/apis/ccompat/v7',
  connect: 'http://127.0.0.1:18083',
  postgres: 'postgres://millrace:millrace@127.0.0.1:15432/millrace',
  replica: 'postgres://millrace:millrace@127.0.0.1:15433/millrace',
  redis: 'redis://127.0.0.1:16379',
  s3: 'http://127.0.0.1:17070',
} as const;
