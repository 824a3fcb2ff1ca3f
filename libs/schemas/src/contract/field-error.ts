/** One thing that is wrong with a value. Holds no value and no text of the sender but short names of fields. */
export interface FieldError {
  /** JSON Pointer (RFC 6901) of the field, such as `/scheduledAt`; empty for the value as a whole. */
  readonly pointer: string;
  /** What is wrong, as the end of a sentence: `must be an integer, but is a string`. */
  readonly problem: string;
}

const LISTED = 5;

/** Up to five errors as one line of text, for an error message. */
export function describeFieldErrors(errors: readonly FieldError[]): string {
  const listed = errors
    .slice(0, LISTED)
    .map(({ pointer, problem }) => `${pointer === '' ? 'the value' : pointer} ${problem}`);
  if (errors.length > LISTED) listed.push(`and ${errors.length - LISTED} more`);
  return listed.join('; ');
}
