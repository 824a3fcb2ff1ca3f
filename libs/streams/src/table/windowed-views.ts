import type { NodeEnvironment } from '../processor/node-environment.js';
import type { SessionStore } from '../store/session-store.js';
import type { WindowStore } from '../store/window-store.js';
import type { Windowed } from '../window/windowed.js';
import type { TableView } from './table-view.js';

/** The windows of a window store as the rows of a table. */
export function windowView(store: string): (environment: NodeEnvironment) => TableView {
  return (environment) => {
    const windows = environment.store(store) as WindowStore<unknown, unknown>;
    const row: TableView['row'] = (key) => {
      const windowed = key as Windowed<unknown>;
      return windows.get(windowed.key, windowed.startMs);
    };
    return { row, rowAsOf: row };
  };
}

/** The sessions of a session store as the rows of a table. */
export function sessionView(store: string): (environment: NodeEnvironment) => TableView {
  return (environment) => {
    const sessions = environment.store(store) as SessionStore<unknown, unknown>;
    const row: TableView['row'] = (key) => {
      const { key: inner, startMs, endMs } = key as Windowed<unknown>;
      const found = sessions
        .find(inner, endMs, startMs)
        .find((each) => each.startMs === startMs && each.endMs === endMs);
      return found === undefined ? undefined : { value: found.value, timestampMs: endMs };
    };
    return { row, rowAsOf: row };
  };
}
