import { isMillraceError } from '@millrace/kernel';

/** The code of an error, or its class: never its message, which may quote data or secrets of the other side. */
export function errorName(error: unknown): string {
  if (isMillraceError(error)) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
