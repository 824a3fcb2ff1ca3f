import type { PortChoice } from '../cli/options.js';

/**
 * Listens on the chosen port; when it is taken and nobody asked for it by number, on any free one.
 *
 * @param onFallBack Told when another port takes the place of the chosen one.
 * @throws what `listen` throws.
 */
export async function listenOn<T>(
  choice: PortChoice,
  listen: (port: number) => Promise<T>,
  onFallBack: (taken: number) => void,
): Promise<T> {
  try {
    return await listen(choice.port);
  } catch (cause) {
    if (!choice.mayFallBack || !isPortTaken(cause)) throw cause;
    onFallBack(choice.port);
    return listen(0);
  }
}

/** Tells whether an error, or what caused it, is that the port is in use or may not be used. */
export function isPortTaken(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' || code === 'EACCES' || isPortTaken(error.cause);
}
