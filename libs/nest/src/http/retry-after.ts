import type { TransientError } from '@millrace/kernel';

/** The header `Retry-After` of a 503 (RFC 9110, section 10.2.3): whole seconds, at least one, as the error asks. */
export function retryAfterSeconds(error: unknown): number {
  return Math.max(1, Math.ceil(((error as Partial<TransientError>).retryAfterMs ?? 0) / 1_000));
}
