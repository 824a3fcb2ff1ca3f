import { ConfigurationError } from '@millrace/kernel';
import { checkOptions } from './check-options.js';
import type { PolicyOptions } from './policy-options.js';
import { createPolicy, type ExecutionPolicy, type PolicyEnvironment } from './policy.js';

/** The policies of an application by name: one for each thing outside that it calls. */
export class ResiliencePolicies {
  readonly #policies: ReadonlyMap<string, ExecutionPolicy>;

  /** @throws {ConfigurationError} (stop-app) listing everything that is wrong with any of the options. */
  constructor(options: Readonly<Record<string, PolicyOptions>>, environment: PolicyEnvironment = {}) {
    const problems = Object.entries(options).flatMap(([name, each]) => checkOptions(name, each));
    if (problems.length > 0) throw new ConfigurationError('the resilience policies', problems);
    this.#policies = new Map(
      Object.entries(options).map(([name, each]) => [name, createPolicy(name, each, environment)]),
    );
  }

  get names(): readonly string[] {
    return [...this.#policies.keys()];
  }

  has(name: string): boolean {
    return this.#policies.has(name);
  }

  /** @throws {ConfigurationError} (stop-app) when there is no such policy; lists those that there are. */
  get(name: string): ExecutionPolicy {
    const policy = this.#policies.get(name);
    if (policy !== undefined) return policy;
    const known =
      this.names.length === 0 ? 'none is configured' : `there are ${this.names.map((each) => `'${each}'`).join(', ')}`;
    throw new ConfigurationError('a resilience policy', [`'${name}' is not configured: ${known}`]);
  }
}
