/** What the keys of the archived objects begin with. */
export const ARCHIVE_PREFIX = 'events';

/** The columns of archived events. */
export const ARCHIVE_COLUMNS = [
  { name: 'id', type: 'double', nullable: false, of: ({ id }) => id },
  { name: 'user', type: 'string', nullable: false, of: ({ user }) => user },
  { name: 'amount', type: 'int32', nullable: false, of: ({ amount }) => amount },
  { name: 'page', type: 'string', nullable: false, of: ({ page }) => page },
];
