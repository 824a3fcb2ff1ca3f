import { Inject } from '@nestjs/common';

const requests = new Map<object, Set<string>>();

/** Token of the resilience policy `name`. */
export function policyToken(name: string): string {
  return `millrace:policy:${name}`;
}

/** Names of all policies that any class loaded so far asks for. */
export function requestedPolicies(): ReadonlySet<string> {
  return new Set([...requests.values()].flatMap((names) => [...names]));
}

/** Names of the policies that a class asks for with {@link InjectPolicy}. */
export function policiesOf(type: object): ReadonlySet<string> {
  return requests.get(type) ?? new Set();
}

/**
 * Injects the resilience policy that the application configures under `name`: breaker, retry, timeout and bulkhead
 * around calls to the outside.
 *
 * ```ts
 * constructor(@InjectPolicy('weather-api') private readonly policy: ExecutionPolicy) {}
 * ```
 *
 * The boot refuses names that are not configured, all of them at once.
 */
export function InjectPolicy(name: string): ParameterDecorator & PropertyDecorator {
  const inject = Inject(policyToken(name));
  return (target: object, property: string | symbol | undefined, index?: number): void => {
    const type = typeof target === 'function' ? target : target.constructor;
    requests.set(type, new Set([...policiesOf(type), name]));
    (inject as (target: object, property?: string | symbol, index?: number) => void)(target, property, index);
  };
}
