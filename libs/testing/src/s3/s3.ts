import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { StartedTestContainer } from 'testcontainers';
import { answersHttp } from '../container/ready.js';
import { addressOf, startContainer, type ContainerOptions } from '../container/start-container.js';

const PORT = 7070;
const REGION = 'us-east-1';
const CREDENTIALS = { accessKeyId: 'millrace', secretAccessKey: 'millrace-secret' };

/** A running object store that speaks S3. */
export class S3Server implements AsyncDisposable {
  /** `http://host:port` as this process reaches it. */
  readonly endpoint: string;
  readonly region = REGION;
  readonly credentials = CREDENTIALS;
  readonly #container: StartedTestContainer;

  /** @internal */
  constructor(container: StartedTestContainer) {
    this.#container = container;
    this.endpoint = `http://${addressOf(container, PORT)}`;
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

  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
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
      // Whoever does not sign a request is refused, by a store that is ready.
      .withWaitStrategy(answersHttp('/', PORT, 403)),
  );
  return new S3Server(container);
}
