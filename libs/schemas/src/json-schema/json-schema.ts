/** The types of JSON Schema. */
export type JsonType = 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';

/**
 * The part of JSON Schema (draft 2020-12) that contracts are written in. Any other keyword may stand in a schema too; the
 * compatibility check then calls every change of it a problem, since it cannot tell.
 */
export interface JsonSchema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly type?: JsonType | readonly JsonType[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly const?: string | number | boolean | null;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly [keyword: string]: unknown;
}

interface TypeOf {
  readonly object: object;
  readonly array: readonly unknown[];
  readonly string: string;
  readonly number: number;
  readonly integer: number;
  readonly boolean: boolean;
  readonly null: null;
}

type RequiredNames<S> = S extends { readonly required: readonly (infer Name)[] } ? Name : never;

type ObjectOf<P, Required> = {
  readonly [Name in keyof P as Name extends Required ? Name : never]: JsonValueOf<P[Name]>;
} & {
  readonly [Name in keyof P as Name extends Required ? never : Name]?: JsonValueOf<P[Name]>;
};

type Flattened<T> = { [Name in keyof T]: T[Name] };

/**
 * The TypeScript type of the values that a schema, declared `as const`, allows: the contract's interface is compared with it
 * at compile time, so that schema and type cannot drift apart.
 */
export type JsonValueOf<S> = S extends { readonly const: infer Only }
  ? Only
  : S extends { readonly enum: readonly (infer Member)[] }
    ? Member
    : S extends { readonly type: 'object'; readonly properties: infer P }
      ? Flattened<ObjectOf<P, RequiredNames<S>>>
      : S extends { readonly type: 'array'; readonly items: infer Item }
        ? readonly JsonValueOf<Item>[]
        : S extends { readonly type: readonly (infer Name)[] }
          ? TypeOf[Name & JsonType]
          : S extends { readonly type: infer Name }
            ? TypeOf[Name & JsonType]
            : unknown;
