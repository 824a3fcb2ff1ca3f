import type { Reader } from '../wire/reader.js';
import type { Writer } from '../wire/writer.js';
import type { VersionRange, VersionText } from './versions.js';

/** What a type is compiled for: one version of one message. */
export interface CompileContext {
  readonly version: number;
  /** Whether this version writes lengths as varints and has tagged fields (KIP-482). */
  readonly flexible: boolean;
  /** Whether null may stand here in this version. */
  readonly nullable: boolean;
  /** The field's place in the message, for error messages: `Fetch.response.topics[].partitions`. */
  readonly path: string;
}

/** Both directions of one type in one version. */
export interface Codec<Decoded, Draft = Decoded> {
  /** The fewest bytes that a value can take; bounds the length that an array may claim. */
  readonly minBytes: number;
  read(reader: Reader): Decoded;
  write(writer: Writer, value: Draft): void;
}

/** Options that every field takes; the names and meanings are those of Kafka's message definitions. */
export interface FieldOptions {
  /** The versions in which the field exists; default all. */
  readonly versions?: VersionText;
  /** Whether a value may be dropped silently when the version does not have the field; default false. */
  readonly ignorable?: boolean;
  /** The field's tag: it is then written in the tagged section, and only when it differs from its default. */
  readonly tag?: number;
}

/** Options of a field that can be null. */
export interface NullableOptions extends FieldOptions {
  /** The versions in which null is allowed; default none. */
  readonly nullable?: VersionText;
}

/**
 * One field of a message.
 *
 * @typeParam Decoded what reading gives. @typeParam Draft what writing accepts. @typeParam Optional whether a draft may
 * leave the field out, which means its default.
 */
export interface Field<Decoded, Draft = Decoded, Optional extends boolean = boolean> {
  readonly versions: VersionRange;
  readonly nullable: VersionRange | undefined;
  readonly ignorable: boolean;
  readonly tag: number | undefined;
  readonly optional: Optional;
  /** The value of the field where a version lacks it. */
  defaultValue(): Decoded;
  isDefault(value: Draft): boolean;
  compile(context: CompileContext): Codec<Decoded, Draft>;
}

/** A field of any type. Methods compare bivariantly, so every field is assignable. */
export type AnyField = Field<unknown, never>;

/** The fields of a struct, in the order in which they are written. */
export type Shape = Readonly<Record<string, AnyField>>;

/** True when a draft may leave out a field with these options: it has a default, or some version lacks it. */
export type OptionalBy<Options> = Options extends { versions: string } | { default: unknown } | { tag: number }
  ? true
  : false;

/** `T`, or `T | null` when the options name versions in which null is allowed. */
export type NullableBy<Options, T> = Options extends { nullable: string } ? T | null : T;

/** What reading a struct gives: every field, also those that the version lacks. */
export type DecodedOf<S extends Shape> = {
  [Name in keyof S]: S[Name] extends Field<infer Decoded, never> ? Decoded : never;
};

type OptionalNames<S extends Shape> = {
  [Name in keyof S]: S[Name] extends { optional: true } ? Name : never;
}[keyof S];

type DraftOfField<F> = F extends Field<unknown, infer Draft> ? Draft : never;

/** What writing a struct accepts: fields with a default, or that some version lacks, may be left out. */
export type DraftOf<S extends Shape> = {
  readonly [Name in Exclude<keyof S, OptionalNames<S>>]: DraftOfField<S[Name]>;
} & {
  readonly [Name in OptionalNames<S>]?: DraftOfField<S[Name]> | undefined;
};
