import type { ContainerRuntimeClient } from 'testcontainers';
import { OWNER_LABEL, isOwnerGone } from './owner.js';

/** What a sweep has removed, by name. */
export interface Swept {
  readonly containers: readonly string[];
  readonly networks: readonly string[];
}

/**
 * Removes the containers, their volumes and the networks that fixtures of dead processes of this machine have left: a run that was
 * killed could not. What a living process owns, or a process of another machine, stays.
 */
export async function sweepLeftovers(client: ContainerRuntimeClient): Promise<Swept> {
  const { dockerode } = client.container;
  const filters = { label: [OWNER_LABEL] };
  const isLeft = ({ Labels }: { Labels?: Record<string, string> | undefined }): boolean =>
    isOwnerGone(Labels?.[OWNER_LABEL] ?? '');

  const containers = (await dockerode.listContainers({ all: true, filters })).filter(isLeft);
  for (const { Id } of containers) {
    await dockerode.getContainer(Id).remove({ force: true, v: true }).catch(unlessGone);
  }
  const networks = (await dockerode.listNetworks({ filters })).filter(isLeft);
  for (const { Id } of networks) await dockerode.getNetwork(Id).remove().catch(unlessGone);
  return {
    containers: containers.map(({ Names, Id }) => Names[0]?.slice(1) ?? Id),
    networks: networks.map(({ Name }) => Name),
  };
}

/** Two processes may sweep at once: what the other has removed, or is removing, is no failure. */
function unlessGone(error: unknown): void {
  const { statusCode } = error as { statusCode?: number };
  if (statusCode !== 404 && statusCode !== 409) throw error;
}
