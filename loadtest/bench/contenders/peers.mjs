import { InvalidArgumentError } from 'commander';
import { contenders } from './index.mjs';

/** Whom Millrace can be compared with. */
export const PEERS = Object.keys(contenders).filter((name) => name !== 'millrace');

/**
 * Gathers the peers that are asked for, one at a time.
 *
 * @throws {InvalidArgumentError} where there is none of that name, or it has been named before: both would work as one application.
 */
export function addPeer(name, peers = []) {
  if (name === 'millrace') throw new InvalidArgumentError('millrace always takes part');
  if (!PEERS.includes(name)) throw new InvalidArgumentError(`use one of ${PEERS.join(', ')}`);
  if (peers.includes(name)) throw new InvalidArgumentError('it is named twice');
  return [...peers, name];
}
