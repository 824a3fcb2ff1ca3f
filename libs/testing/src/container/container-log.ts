import type { StartedTestContainer } from 'testcontainers';
import { containerEngine } from './engine.js';

/** Of each piece of output: which of the two streams it is of, and its length in the last four bytes. */
const FRAME_HEADER_BYTES = 8;

/** What a container has printed so far on both its streams, all starts together. @param lines Only so many of the last. Default: all. */
export async function containerLog(container: StartedTestContainer, lines?: number): Promise<string> {
  const { dockerode } = (await containerEngine()).container;
  const options = {
    stdout: true,
    stderr: true,
    follow: false,
    ...(lines === undefined ? {} : { tail: lines }),
  } as const;
  return textOf(await dockerode.getContainer(container.getId()).logs(options));
}

function textOf(framed: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + FRAME_HEADER_BYTES <= framed.length;) {
    const start = at + FRAME_HEADER_BYTES;
    at = start + framed.readUInt32BE(start - 4);
    pieces.push(framed.subarray(start, at));
  }
  return Buffer.concat(pieces).toString();
}
