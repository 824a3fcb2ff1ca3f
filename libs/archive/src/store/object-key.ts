import { FatalError } from '@millrace/kernel';

/** Names of this form are the file store's own. */
export const TEMPORARY_FOLDER = '.incomplete';

const PART = /^[A-Za-z0-9=_+.,@ -]+$/;

/**
 * Checks a key: parts of letters, digits and `=_+.,@ -`, separated by `/`, none of them `.` or `..`. So a key is the same in
 * every store, and never leads out of a folder.
 *
 * @throws {FatalError} (stop-app) `MR_CONFIG_INVALID` when it is anything else.
 */
export function checkKey(key: string): string {
  const parts = key.split('/');
  const isFine = parts.every((part) => PART.test(part) && part !== '.' && part !== '..' && part !== TEMPORARY_FOLDER);
  if (isFine && key.length <= 1_024) return key;
  throw new FatalError(
    'MR_CONFIG_INVALID',
    `'${key}' is no key of an object: use letters, digits and =_+.,@ - between slashes`,
  );
}
