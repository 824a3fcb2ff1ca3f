export const PEERS: readonly string[];
export function addPeer(name: string, peers?: readonly string[]): string[];
