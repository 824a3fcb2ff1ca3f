/** The table of `postgres`: the latest event of each user. */
export const LATEST_TABLE = 'latest_event';

/** Its columns; the first is its key, the others are fields of the event. */
export const LATEST_COLUMNS = [
  { name: 'user_name', type: 'text' },
  { name: 'id', type: 'bigint' },
  { name: 'amount', type: 'integer' },
  { name: 'page', type: 'text' },
];
