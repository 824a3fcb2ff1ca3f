import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { StartedTestContainer } from 'testcontainers';
import { answersHttp } from '../container/ready.js';
import { ServiceContainer } from '../container/service-container.js';
import { startContainer, type ContainerOptions } from '../container/start-container.js';

const PORT = 7070;
const REGION = 'us-east-1';
/** Whoever does not sign a request is refused, by a store that is ready. */
const UNSIGNED = 403;
const CREDENTIALS = { accessKeyId: 'millrace', secretAccessKey: 'millrace-secret' };

/** A running object store that speaks S3. */
export class S3Server extends ServiceContainer {
  readonly region = REGION;
  readonly credentials = CREDENTIALS;

  /** @internal */
  constructor(container: StartedTestContainer) {
    super(container, PORT);
  }

  /** `http://host:port` as this process reaches it. */
  get endpoint(): string {
    return `http://${this.address}`;
  }

  /** A client of it; the caller destroys it. */
  client(): S3Client {
    const { endpoint, region, credentials } = this;
    return new S3Client({ endpoint, region, credentials, forcePathStyle: true });
  }

  /** Creates an empty bucket. */
  async createBucket(name: string): Promise<void> {
    const client = this.client();
    try {
      await client.send(new CreateBucketCommand({ Bucket: name }));
    } finally {
      client.destroy();
    }
  }

  protected override async isAnswering(): Promise<boolean> {
    return (await fetch(this.endpoint)).status === UNSIGNED;
  }
}

/** Starts versitygw on a folder of its container. */
export async function startS3(options: ContainerOptions = {}): Promise<S3Server> {
  const { accessKeyId, secretAccessKey } = CREDENTIALS;
  const container = await startContainer('s3', options, (each) =>
    each
      .withEnvironment({ ROOT_ACCESS_KEY: accessKeyId, ROOT_SECRET_KEY: secretAccessKey, VGW_REGION: REGION })
      .withCommand(['--port', `:${PORT}`, 'posix', '/data'])
      .withExposedPorts(PORT)
      .withWaitStrategy(answersHttp('/', PORT, UNSIGNED)),
  );
  return new S3Server(container);
}
