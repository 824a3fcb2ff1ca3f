import { ConfigurationError } from '@millrace/kernel';
import { checkCompatibility, type ComparableSchema, type CompatibilityMode } from '../compatibility/compatibility.js';
import type { ContractRegistry, RegisteredSchema } from './contract-registry.js';
import { canonicalText, schemaIdOf } from './schema-id.js';

/** What {@link InProcessContractRegistry} can be told. */
export interface InProcessContractRegistryOptions {
  /** Under which a new version is compared with **all** older ones of its subject. Default: `backward`. */
  readonly compatibility?: CompatibilityMode;
}

/**
 * A registry that lives as long as its process. Its ids follow from the schemas ({@link schemaIdOf}), so two processes
 * agree on them without sharing anything, and values outlive the registry.
 */
export class InProcessContractRegistry implements ContractRegistry {
  readonly #compatibility: CompatibilityMode;
  readonly #subjects = new Map<string, RegisteredSchema[]>();

  constructor({ compatibility = 'backward' }: InProcessContractRegistryOptions = {}) {
    this.#compatibility = compatibility;
  }

  async register(subject: string, { format, schema }: ComparableSchema): Promise<RegisteredSchema> {
    const versions = this.#subjects.get(subject) ?? [];
    const id = schemaIdOf(format, schema);
    const found = versions.find((each) => each.id === id);
    if (found !== undefined) return found;
    this.#refuseCollision(id, { format, schema });
    this.#refuseIncompatible(subject, versions, { format, schema });
    const registered: RegisteredSchema = { id, subject, version: versions.length + 1, format, schema };
    this.#subjects.set(subject, [...versions, registered]);
    return registered;
  }

  async schemaById(id: number): Promise<RegisteredSchema | undefined> {
    for (const versions of this.#subjects.values()) {
      const found = versions.find((each) => each.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async versionsOf(subject: string): Promise<readonly RegisteredSchema[]> {
    return this.#subjects.get(subject) ?? [];
  }

  #refuseIncompatible(subject: string, versions: readonly RegisteredSchema[], schema: ComparableSchema): void {
    const problems = versions.flatMap((older) =>
      checkCompatibility(older, schema, this.#compatibility).map(
        ({ direction, pointer, problem }) =>
          `${direction} with version ${older.version}: ${pointer || 'the value'}: ${problem}`,
      ),
    );
    if (problems.length > 0) throw new ConfigurationError(`the new schema of '${subject}'`, problems);
  }

  /** 31 bits can collide; two schemas with one id would be read as each other. */
  #refuseCollision(id: number, { format, schema }: ComparableSchema): void {
    for (const [subject, versions] of this.#subjects) {
      const other = versions.find((each) => each.id === id);
      if (other === undefined) continue;
      if (other.format === format && canonicalText(other.schema) === canonicalText(schema)) continue;
      throw new ConfigurationError('a schema', [
        `its id ${id} is also that of a schema of '${subject}': change its title or doc, which changes the id`,
      ]);
    }
  }
}
