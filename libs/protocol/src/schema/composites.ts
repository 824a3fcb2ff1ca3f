import { corrupt, unsupported } from '../errors/protocol-error.js';
import { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';
import type {
  AnyField,
  Codec,
  CompileContext,
  DecodedOf,
  DraftOf,
  Field,
  FieldOptions,
  NullableBy,
  NullableOptions,
  OptionalBy,
  Shape,
} from './field.js';
import { describeField, readLength, writeLength } from './scalars.js';
import { holdsVersion } from './versions.js';

type NoOptions = Record<never, never>;
type Values = Record<string, unknown>;
type ArrayOptions = NullableOptions & { readonly default?: null };
type AnyCodec = Codec<unknown, unknown>;

/** An array of structs; default empty unless the options say null. */
export function arrayOf<const S extends Shape, const O extends ArrayOptions = NoOptions>(
  shape: S,
  options?: O,
): Field<NullableBy<O, DecodedOf<S>[]>, NullableBy<O, readonly DraftOf<S>[]>, OptionalBy<O>> {
  return array(options, (context) => compileStruct(shape, context));
}

/** An array of numbers or strings; default empty unless the options say null. */
export function listOf<Element, const O extends ArrayOptions = NoOptions>(
  element: Field<Element>,
  options?: O,
): Field<NullableBy<O, Element[]>, NullableBy<O, readonly Element[]>, OptionalBy<O>> {
  return array(options, (context) => element.compile(context) as AnyCodec);
}

function array<Result>(
  options: ArrayOptions | undefined,
  compileElement: (context: CompileContext) => AnyCodec,
): Result {
  const defaultsToNull = options?.default === null;
  const field: Field<unknown[] | null, readonly unknown[] | null> = {
    ...describeField(options ?? {}),
    defaultValue: () => (defaultsToNull ? null : []),
    isDefault: (value) => (defaultsToNull ? value === null : value?.length === 0),
    compile: (context) =>
      compileArray(context, compileElement({ ...context, nullable: false, path: `${context.path}[]` })),
  };
  return field as Result;
}

/** A struct inside a struct. */
export function struct<const S extends Shape, const O extends FieldOptions = NoOptions>(
  shape: S,
  options?: O,
): Field<DecodedOf<S>, DraftOf<S>, OptionalBy<O>> {
  const fields = Object.entries(shape);
  const field: Field<Values, Values> = {
    ...describeField(options ?? {}),
    defaultValue: () => Object.fromEntries(fields.map(([name, each]) => [name, each.defaultValue()])),
    isDefault: (value) =>
      fields.every(([name, each]) => value[name] === undefined || each.isDefault(value[name] as never)),
    compile: (context) => compileStruct(shape, context) as Codec<Values>,
  };
  return field as Field<unknown, never> as Field<DecodedOf<S>, DraftOf<S>, OptionalBy<O>>;
}

/** A struct inside a struct that may be absent; default null. Its presence is one byte (KIP-893). */
export function nullableStruct<const S extends Shape>(shape: S): Field<DecodedOf<S> | null, DraftOf<S> | null, true> {
  const field: Field<Values | null, Values | null> = {
    ...describeField({ nullable: '0+', default: null }),
    defaultValue: () => null,
    isDefault: (value) => value === null,
    compile: (context) => {
      const codec = compileStruct(shape, { ...context, nullable: false }) as Codec<Values>;
      return {
        minBytes: 1,
        read: (reader) => (reader.int8() < 0 ? null : codec.read(reader)),
        write: (writer, value) => {
          writer.int8(value === null ? -1 : 1);
          if (value !== null) codec.write(writer, value);
        },
      };
    },
  };
  return field as Field<unknown, never> as Field<DecodedOf<S> | null, DraftOf<S> | null, true>;
}

function compileArray(context: CompileContext, element: AnyCodec): Codec<unknown[] | null, readonly unknown[] | null> {
  const minElementBytes = Math.max(1, element.minBytes);
  return {
    minBytes: context.flexible ? 1 : 4,
    read(reader) {
      const at = reader.offset;
      const length = readLength(reader, context, true);
      if (length === -1) return null;
      if (length > reader.remaining / minElementBytes) {
        throw corrupt(`${context.path} claims ${length} elements, more than its bytes can hold`, at);
      }
      const elements: unknown[] = [];
      for (let index = 0; index < length; index++) elements.push(element.read(reader));
      return elements;
    },
    write(writer, elements) {
      writeLength(writer, context, true, elements === null ? -1 : elements.length);
      if (elements === null) return;
      for (const each of elements) element.write(writer, each);
    },
  };
}

interface Member {
  readonly name: string;
  readonly path: string;
  readonly field: AnyField;
  readonly tag: number;
  readonly place: 'plain' | 'tagged' | 'absent';
  readonly codec: AnyCodec;
}

function memberOf(name: string, field: AnyField, context: CompileContext): Member {
  const present = holdsVersion(field.versions, context.version);
  const nullable = field.nullable !== undefined && holdsVersion(field.nullable, context.version);
  const path = `${context.path}.${name}`;
  return {
    name,
    path,
    field,
    tag: field.tag ?? -1,
    place: !present ? 'absent' : field.tag === undefined ? 'plain' : 'tagged',
    codec: field.compile({ ...context, nullable, path }),
  };
}

/** Compiles the fields of a struct for one version. Fields that the version lacks read as their defaults. */
export function compileStruct(shape: Shape, context: CompileContext): Codec<unknown, unknown> {
  const members = Object.entries(shape).map(([name, field]) => memberOf(name, field, context));
  const tagged = members.filter((member) => member.place === 'tagged').sort((a, b) => a.tag - b.tag);
  const plain = members.filter((member) => member.place === 'plain');
  return {
    minBytes: plain.reduce((total, { codec }) => total + codec.minBytes, context.flexible ? 1 : 0),
    read(reader) {
      const value: Values = {};
      for (const { name, place, codec, field } of members) {
        value[name] = place === 'plain' ? codec.read(reader) : field.defaultValue();
      }
      if (context.flexible) readTagged(reader, tagged, value);
      return value;
    },
    write(writer, value) {
      for (const member of members) writeMember(writer, member, value as Values, context.version);
      if (context.flexible) writeTagged(writer, tagged, value as Values);
    },
  };
}

function writeMember(writer: Writer, member: Member, value: Values, version: number): void {
  const given = value[member.name];
  if (member.place === 'plain') {
    member.codec.write(writer, given === undefined ? member.field.defaultValue() : given);
  } else if (member.place === 'absent' && given !== undefined && !member.field.ignorable) {
    if (member.field.isDefault(given as never)) return;
    throw unsupported(`${member.path} cannot be expressed in version ${version}; leave it out or use another version.`);
  }
}

function readTagged(reader: Reader, tagged: readonly Member[], value: Values): void {
  for (let count = reader.uvarint(); count > 0; count--) {
    const tag = reader.uvarint();
    const lengthBytes = reader.uvarint();
    const member = tagged.find((each) => each.tag === tag);
    const start = reader.offset;
    reader.skip(lengthBytes);
    if (member === undefined) continue;
    const section = new Reader(reader.buffer, start, reader.offset);
    value[member.name] = member.codec.read(section);
    if (section.remaining > 0) throw corrupt(`${member.path} is shorter than its length says`, section.offset);
  }
}

function writeTagged(writer: Writer, tagged: readonly Member[], value: Values): void {
  const given = tagged.filter(({ name, field }) => value[name] !== undefined && !field.isDefault(value[name] as never));
  writer.uvarint(given.length);
  for (const { tag, name, codec } of given) {
    const section = new Writer(64);
    codec.write(section, value[name]);
    writer.uvarint(tag);
    writer.uvarint(section.sizeInBytes);
    for (const chunk of section.finish()) writer.raw(chunk);
  }
}
