import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

/** The label that says which process a container or network belongs to; its value is {@link ownerOf} of that process. */
export const OWNER_LABEL = 'org.millrace.testing.owner';

/**
 * Names a process for as long as the machine runs: host, pid and when it was started, so that a later process with the same pid
 * is another one. Undefined: no such process.
 */
export function ownerOf(pid: number): string | undefined {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives and belongs to another user.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return undefined;
  }
  return `${hostname()}:${pid}:${startedAt(pid)}`;
}

/** What this process writes on everything that it starts. */
export function thisOwner(): string {
  return `${hostname()}:${process.pid}:${startedAt(process.pid)}`;
}

/** True when a label's process is known to be gone: it was one of this machine, and no such process lives any more. */
export function isOwnerGone(owner: string): boolean {
  const [host, pid] = owner.split(':');
  return host === hostname() && pid !== undefined && ownerOf(Number(pid)) !== owner;
}

/** When a process was started, in clock ticks since the machine was; empty where /proc does not tell. */
function startedAt(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may hold anything; the 20th field behind it is the start time.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
