/** The primitive types of Avro that contracts use. */
export type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string';

/** A field's type: a primitive, or a primitive that may be null. */
export type AvroFieldType = AvroPrimitive | readonly ['null', AvroPrimitive];

/** One field of an {@link AvroRecordSchema}. */
export interface AvroField {
  readonly name: string;
  readonly doc?: string;
  readonly type: AvroFieldType;
  /** What a reader takes where the writer did not know the field; needed for a field that is added later. */
  readonly default?: null | boolean | number | string;
}

/** The part of Avro that contracts are written in: a flat record. */
export interface AvroRecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly namespace: string;
  readonly doc?: string;
  readonly fields: readonly AvroField[];
}

interface TypeOf {
  readonly null: null;
  readonly boolean: boolean;
  readonly int: number;
  readonly long: number;
  readonly float: number;
  readonly double: number;
  readonly bytes: Buffer;
  readonly string: string;
}

type FieldValue<T> = T extends readonly (infer Branch)[] ? TypeOf[Branch & AvroPrimitive] : TypeOf[T & AvroPrimitive];

/** The TypeScript type of the values of a schema that is declared `as const`. */
export type AvroValueOf<S extends AvroRecordSchema> = {
  readonly [Field in S['fields'][number] as Field['name']]: FieldValue<Field['type']>;
};
