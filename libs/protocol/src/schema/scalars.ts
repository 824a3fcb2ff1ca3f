import { corrupt, unsupported } from '../errors/protocol-error.js';
import type { Reader } from '../wire/reader.js';
import type { Writer } from '../wire/writer.js';
import type { CompileContext, Codec, Field, FieldOptions, NullableBy, NullableOptions, OptionalBy } from './field.js';
import { ALL_VERSIONS, parseVersions } from './versions.js';

type NoOptions = Record<never, never>;
type NumberOptions = FieldOptions & { readonly default?: number };
type BooleanOptions = FieldOptions & { readonly default?: boolean };
type StringOptions = NullableOptions & { readonly default?: string | null };
type BytesOptions = NullableOptions & { readonly default?: null };

const ZERO_UUID = '0'.repeat(32);
const NO_BYTES = Buffer.alloc(0);

/** Turns options into the part that all fields share. */
export function describeField<const Options extends NullableOptions>(
  options: Options,
): Pick<Field<unknown, unknown, OptionalBy<Options>>, 'versions' | 'nullable' | 'ignorable' | 'tag' | 'optional'> {
  return {
    versions: options.versions === undefined ? ALL_VERSIONS : parseVersions(options.versions),
    nullable: options.nullable === undefined ? undefined : parseVersions(options.nullable),
    ignorable: options.ignorable ?? false,
    tag: options.tag,
    optional: ('versions' in options || 'default' in options || 'tag' in options) as OptionalBy<Options>,
  };
}

function fixed<T, Options extends FieldOptions>(
  options: Options,
  defaultValue: T,
  codec: Codec<T>,
): Field<T, T, OptionalBy<Options>> {
  return {
    ...describeField(options),
    defaultValue: () => defaultValue,
    isDefault: (value) => value === defaultValue,
    compile: () => codec,
  };
}

const INT8: Codec<number> = { minBytes: 1, read: (r) => r.int8(), write: (w, value) => w.int8(value) };
const INT16: Codec<number> = { minBytes: 2, read: (r) => r.int16(), write: (w, value) => w.int16(value) };
const UINT16: Codec<number> = { minBytes: 2, read: (r) => r.uint16(), write: (w, value) => w.uint16(value) };
const INT32: Codec<number> = { minBytes: 4, read: (r) => r.int32(), write: (w, value) => w.int32(value) };
const INT64: Codec<number> = { minBytes: 8, read: (r) => r.int64(), write: (w, value) => w.int64(value) };
const BOOL: Codec<boolean> = { minBytes: 1, read: (r) => r.bool(), write: (w, value) => w.bool(value) };
const UUID: Codec<string> = { minBytes: 16, read: (r) => r.uuid(), write: (w, value) => w.uuid(value) };

/** A signed byte; default 0. */
export function int8<const O extends NumberOptions = NoOptions>(options?: O): Field<number, number, OptionalBy<O>> {
  return fixed(options ?? ({} as O), options?.default ?? 0, INT8);
}

/** A signed 16-bit integer; default 0. */
export function int16<const O extends NumberOptions = NoOptions>(options?: O): Field<number, number, OptionalBy<O>> {
  return fixed(options ?? ({} as O), options?.default ?? 0, INT16);
}

/** An unsigned 16-bit integer; default 0. */
export function uint16<const O extends NumberOptions = NoOptions>(options?: O): Field<number, number, OptionalBy<O>> {
  return fixed(options ?? ({} as O), options?.default ?? 0, UINT16);
}

/** A signed 32-bit integer; default 0. */
export function int32<const O extends NumberOptions = NoOptions>(options?: O): Field<number, number, OptionalBy<O>> {
  return fixed(options ?? ({} as O), options?.default ?? 0, INT32);
}

/** A signed 64-bit integer as a number, exact to ±2^53; default 0. */
export function int64<const O extends NumberOptions = NoOptions>(options?: O): Field<number, number, OptionalBy<O>> {
  return fixed(options ?? ({} as O), options?.default ?? 0, INT64);
}

/** A boolean; default false. */
export function bool<const O extends BooleanOptions = NoOptions>(options?: O): Field<boolean, boolean, OptionalBy<O>> {
  return fixed(options ?? ({} as O), options?.default ?? false, BOOL);
}

/** A UUID as 32 hexadecimal digits; default all zero. */
export function uuid<const O extends FieldOptions = NoOptions>(options?: O): Field<string, string, OptionalBy<O>> {
  return fixed(options ?? ({} as O), ZERO_UUID, UUID);
}

/** UTF-8 text, compact in flexible versions; default the empty string unless the options say null. */
export function string<const O extends StringOptions = NoOptions>(
  options?: O,
): Field<NullableBy<O, string>, NullableBy<O, string>, OptionalBy<O>> {
  const given: StringOptions = options ?? {};
  const defaultValue = given.default === undefined ? '' : given.default;
  const field: Field<string | null> = {
    ...describeField(given),
    defaultValue: () => defaultValue,
    isDefault: (value) => value === defaultValue,
    compile: compileString,
  };
  return field as Field<NullableBy<O, string>, NullableBy<O, string>, OptionalBy<O>>;
}

/** Raw bytes as a view on the frame, compact in flexible versions; default empty unless the options say null. */
export function bytes<const O extends BytesOptions = NoOptions>(
  options?: O,
): Field<NullableBy<O, Buffer>, NullableBy<O, Buffer>, OptionalBy<O>> {
  const given: BytesOptions = options ?? {};
  const defaultValue = given.default === null ? null : NO_BYTES;
  const field: Field<Buffer | null> = {
    ...describeField(given),
    defaultValue: () => defaultValue,
    isDefault: (value) => (defaultValue === null ? value === null : value?.length === 0),
    compile: compileBytes,
  };
  return field as Field<NullableBy<O, Buffer>, NullableBy<O, Buffer>, OptionalBy<O>>;
}

/** What may be written as `records`: one buffer, or several that follow each other, such as parts of log segments. */
export type RecordsDraft = Buffer | readonly Buffer[] | null;

/** Record batches as a view on the frame. Several buffers may be written as one field without joining them. */
export function records(): Field<Buffer | null, RecordsDraft, false> {
  return {
    ...describeField({ nullable: '0+' }),
    optional: false,
    defaultValue: () => null,
    isDefault: (value) => value === null,
    compile: compileBytes,
  };
}

/** Reads the length of a string (16 bits) or of bytes (32 bits), or a compact length of either; -1 is null. */
export function readLength(reader: Reader, context: CompileContext, wide: boolean): number {
  const at = reader.offset;
  const length = context.flexible ? reader.uvarint() - 1 : wide ? reader.int32() : reader.int16();
  if (length < -1) throw corrupt(`The length of ${context.path} is ${length}`, at);
  if (length === -1 && !context.nullable) throw corrupt(`${context.path} is null`, at);
  return length;
}

/** Writes what {@link readLength} reads. */
export function writeLength(writer: Writer, context: CompileContext, wide: boolean, length: number): void {
  if (length === -1 && !context.nullable) {
    throw unsupported(`${context.path} must not be null in version ${context.version}.`);
  }
  if (context.flexible) writer.uvarint(length + 1);
  else if (wide) writer.int32(length);
  else if (length > 32767) throw unsupported(`${context.path} is longer than 32767 bytes.`);
  else writer.int16(length);
}

function compileString(context: CompileContext): Codec<string | null> {
  return {
    minBytes: context.flexible ? 1 : 2,
    read(reader) {
      const length = readLength(reader, context, false);
      return length === -1 ? null : reader.text(length);
    },
    write(writer, value) {
      if (value === null) return writeLength(writer, context, false, -1);
      const length = Buffer.byteLength(value);
      writeLength(writer, context, false, length);
      writer.text(value, length);
    },
  };
}

function compileBytes(context: CompileContext): Codec<Buffer | null, RecordsDraft> {
  return {
    minBytes: context.flexible ? 1 : 4,
    read(reader) {
      const length = readLength(reader, context, true);
      return length === -1 ? null : reader.raw(length);
    },
    write(writer, value) {
      if (value === null) return writeLength(writer, context, true, -1);
      if (Buffer.isBuffer(value)) {
        writeLength(writer, context, true, value.length);
        return writer.raw(value);
      }
      writeLength(
        writer,
        context,
        true,
        value.reduce((total, part) => total + part.length, 0),
      );
      for (const part of value) writer.raw(part);
    },
  };
}
