/**
 * A service in a container of its own, which can fail and come back with what it keeps.
 *
 *   running ──kill──► ended ──start──► running
 *   running ──pause──► halted ──resume──► running
 *
 * An engine maps the ports anew when a container starts again. Whoever must find the service at the same address before and after goes
 * through a {@link NetworkProxy}, which looks for it by its alias.
 */
import type { StartedTestContainer } from 'testcontainers';
import { containerLog } from './container-log.js';
import { eventually } from '../eventually/eventually.js';
import { containerEngine } from './engine.js';
import { hostOf } from './start-container.js';

const READY_TIMEOUT_MS = 240_000;
const SIGKILLED = 128 + 9;

export abstract class ServiceContainer implements AsyncDisposable {
  readonly #container: StartedTestContainer;
  readonly #port: number;
  #address: string;

  /** @param port The service's port in the container. */
  protected constructor(container: StartedTestContainer, port: number) {
    this.#container = container;
    this.#port = port;
    this.#address = `${hostOf(container)}:${container.getMappedPort(port)}`;
  }

  /** `host:port` as this process reaches it; another one after {@link start}. */
  get address(): string {
    return this.#address;
  }

  /**
   * Ends all processes of the service at once (SIGKILL), as a machine that fails; what it had written to its disk stays.
   *
   * @throws {Error} when it had ended before, so that the kill struck nothing.
   */
  async kill(): Promise<void> {
    const container = await this.#engineContainer();
    await container.kill({ signal: 'SIGKILL' });
    const { State } = await eventually('the container has ended', async () => {
      const details = await container.inspect();
      return details.State.Running ? false : details;
    });
    if (State.ExitCode !== SIGKILLED) throw new Error(`the service was not killed: it ended with ${State.ExitCode}`);
  }

  /** Starts a killed service again, and waits until it answers. */
  async start(): Promise<void> {
    const container = await this.#engineContainer();
    await container.start();
    const { NetworkSettings } = await container.inspect();
    const mapped = NetworkSettings.Ports[`${this.#port}/tcp`]?.[0]?.HostPort;
    if (mapped === undefined) throw new Error(`port ${this.#port} is not mapped after the start`);
    this.#address = `${hostOf(this.#container)}:${mapped}`;
    await eventually('the service answers again', () => this.isAnswering(), {
      timeoutMs: READY_TIMEOUT_MS,
      intervalMs: 100,
    });
  }

  /** Halts all processes of the service: connections stay open, new ones are accepted by the kernel, nothing answers. */
  async pause(): Promise<void> {
    await (await this.#engineContainer()).pause();
  }

  /** Lets a halted service go on. */
  async resume(): Promise<void> {
    await (await this.#engineContainer()).unpause();
  }

  /** What the service has printed since it was made, all starts together. */
  log(): Promise<string> {
    return containerLog(this.#container);
  }

  /** Removes the container and all that it keeps. */
  async stop(): Promise<void> {
    await this.#container.stop({ timeout: 0, remove: true, removeVolumes: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Asks the service for something that only a ready one answers; an error means "not yet". */
  protected abstract isAnswering(): Promise<boolean>;

  async #engineContainer(): Promise<ReturnType<Awaited<ReturnType<typeof containerEngine>>['container']['getById']>> {
    return (await containerEngine()).container.getById(this.#container.getId());
  }
}
