import {
  Injectable,
  Module,
  type DynamicModule,
  type FactoryProvider,
  type ModuleMetadata,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, DiscoveryService } from '@nestjs/core';
import { ConfigurationError } from '@millrace/kernel';
import {
  ResiliencePolicies,
  type ExecutionPolicy,
  type PolicyEnvironment,
  type PolicyOptions,
} from '@millrace/resilience';
import { policiesOf, policyToken, requestedPolicies } from './inject-policy.decorator.js';

/** The policies of an application, by name. */
export interface PoliciesModuleOptions {
  readonly policies: Readonly<Record<string, PolicyOptions>>;
  /** Clock and randomness of the policies. Default: the machine's. */
  readonly environment?: PolicyEnvironment;
}

/** {@link PoliciesModuleOptions} that depend on other providers. */
export interface PoliciesModuleAsyncOptions extends Pick<ModuleMetadata, 'imports'> {
  readonly inject?: FactoryProvider['inject'];
  readonly useFactory: (...dependencies: never[]) => PoliciesModuleOptions | Promise<PoliciesModuleOptions>;
}

const OPTIONS = 'millrace:policies-options';

/** Refuses the boot when a class of the application asks for a policy that is not configured. */
@Injectable()
export class PolicyCheck implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly policies: ResiliencePolicies,
  ) {}

  /** @throws {ConfigurationError} (stop-app) naming every class and policy. */
  onModuleInit(): void {
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    const types = new Set(wrappers.map(({ metatype }) => metatype).filter((type) => typeof type === 'function'));
    const problems = [...types].flatMap((type) =>
      [...policiesOf(type)]
        .filter((name) => !this.policies.has(name))
        .map((name) => `${type.name} asks for the policy '${name}', which is not configured`),
    );
    if (problems.length > 0) throw new ConfigurationError('the resilience policies', problems);
  }
}

/**
 * Provides the resilience policies that classes ask for with `@InjectPolicy(name)`, in all modules.
 *
 * Policies can be injected by the classes that were loaded when this module is imported: import it in the root module.
 */
@Module({})
export class PoliciesModule {
  static forRoot(options: PoliciesModuleOptions): DynamicModule {
    return dynamicModule({ provide: OPTIONS, useValue: options }, []);
  }

  static forRootAsync({ imports = [], inject = [], useFactory }: PoliciesModuleAsyncOptions): DynamicModule {
    return dynamicModule({ provide: OPTIONS, inject, useFactory }, imports);
  }
}

function dynamicModule(options: Provider, imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
  const all: Provider = {
    provide: ResiliencePolicies,
    inject: [OPTIONS],
    useFactory: ({ policies, environment }: PoliciesModuleOptions) => new ResiliencePolicies(policies, environment),
  };
  // A class that is loaded need not be part of this application: PolicyCheck tells of those that are.
  const byName = [...requestedPolicies()].map((name): Provider => ({
    provide: policyToken(name),
    inject: [ResiliencePolicies],
    useFactory: (policies: ResiliencePolicies): ExecutionPolicy | undefined =>
      policies.has(name) ? policies.get(name) : undefined,
  }));
  return {
    module: PoliciesModule,
    global: true,
    imports: [DiscoveryModule, ...imports],
    providers: [options, all, ...byName, PolicyCheck],
    exports: [all, ...byName],
  };
}
