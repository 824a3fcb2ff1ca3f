import { Wait, type WaitStrategy } from 'testcontainers';

const READY_TIMEOUT_MS = 240_000;

/** Ready when a GET on the mapped port is answered with this status. Default 200. */
export function answersHttp(path: string, port: number, status = 200): WaitStrategy {
  return Wait.forHttp(path, port).forStatusCode(status).withStartupTimeout(READY_TIMEOUT_MS);
}

/** Ready when the container has printed this so many times. Default once. */
export function hasPrinted(text: string | RegExp, times = 1): WaitStrategy {
  return Wait.forLogMessage(text, times).withStartupTimeout(READY_TIMEOUT_MS);
}
