import { TransientError } from '@millrace/kernel';
import type { DataSource } from 'typeorm';

/** What a statement gave back. */
export interface StatementResult {
  readonly rows: readonly Record<string, unknown>[];
  readonly rowCount: number;
}

/** One connection, for as long as a {@link withSession} lasts. */
export interface Session {
  query(sql: string, parameters?: readonly unknown[]): Promise<StatementResult>;
}

interface PooledClient {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: Record<string, unknown>[]; rowCount: number | null }>;
  on(event: 'error', listener: () => void): void;
  off(event: 'error', listener: () => void): void;
}
type Release = (error?: unknown) => void;
interface ConnectionSource {
  obtainMasterConnection(): Promise<[PooledClient, Release]>;
}

/** A connection that breaks fails its statement, which tells; as an event without listener it would end the process. */
const ignore = (): void => undefined;

/**
 * Runs `work` on one connection of the pool. Whatever it throws, the connection is closed rather than given back: nobody
 * inherits an open transaction, or a statement whose answer is still to come.
 *
 * @param signal Closes the connection at once when it aborts, which makes a statement under way fail.
 */
export async function withSession<T>(
  dataSource: DataSource,
  signal: AbortSignal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const driver = dataSource.driver as unknown as ConnectionSource;
  const [client, giveBack] = await driver.obtainMasterConnection();
  let released = false;
  const release: Release = (error) => {
    if (released) return;
    released = true;
    client.off('error', ignore);
    giveBack(error);
  };
  client.on('error', ignore);
  const onAbort = (): void => release(signal.reason ?? new Error('aborted'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal.aborted) throw signal.reason as Error;
    const result = await work({
      query: async (sql, parameters = []) => {
        if (released)
          throw new TransientError('MR_DEPENDENCY_TIMEOUT', 'the call was aborted before its next statement');
        const { rows, rowCount } = await client.query(sql, parameters as unknown[]);
        return { rows, rowCount: rowCount ?? 0 };
      },
    });
    release();
    return result;
  } catch (error) {
    release(error);
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
